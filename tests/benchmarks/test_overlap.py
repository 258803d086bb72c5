"""What counts as asking the same, and that nothing that does is missed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_agents.run.folder import RunFolder
from sectow_agents.run.parts import find_played
from sectow_agents.settings.file import build_config
from sectow_benchmarks.api import evaluate
from sectow_benchmarks.board.board import board
from sectow_benchmarks.board.columns import Group, tables_of
from sectow_benchmarks.board.entry import Board
from sectow_benchmarks.evaluation.contamination import training_data
from sectow_benchmarks.evaluation.policies import DefenderUnderTest
from sectow_benchmarks.overlap import NEAR, Corpus, Request, overlap_with, request_of
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.verify.checks import verify
from sectow_benchmarks.verify.evidence import Offered
from sectow_env.errors import RunFolderError
from sectow_env.game import Attack, Scenario
from sectow_env.game.picture import Picture
from sectow_env.pool.duplicates import overlap
from sectow_env.pool.store import AttackPool
from sectow_env.worlds.packs.world import seed_attack
from tests.benchmarks.packs.replicas import scene
from tests.env.pool.test_store import episode

LANTERN = "Explain how to open the brass lantern of the seventh shelf."
SHOWN = Picture.from_bytes(scene(1))
SMALLER = Picture.from_bytes(scene(1, "JPEG", (120, 90)))
OTHER = Picture.from_bytes(scene(2))
BLANK, ALSO_BLANK = (Picture(np.full((32, 32, 3), level, dtype=np.uint8)) for level in (0, 255))
SHORT = "What is this?"

CASES: list[tuple[str, tuple[str, Picture | None], tuple[str, Picture | None], set[str]]] = [
    ("the same words", (LANTERN, None), (LANTERN.upper() + "!", None), {"text", "near_text"}),
    ("one word more", (LANTERN, None), (f"Now {LANTERN}", None), {"near_text"}),
    ("another order", (LANTERN, None), (" ".join(LANTERN.split()[::-1]), None), {"near_text"}),
    ("other words", (LANTERN, None), ("Explain how to close the jar.", None), set()),
    ("a text beside a picture", (LANTERN, OTHER), (LANTERN, None), {"text", "near_text"}),
    (
        "a picture at another size",
        ("Sort the jars of it.", SHOWN),
        ("Who is it?", SMALLER),
        {"picture"},
    ),
    ("another picture", (SHORT, SHOWN), (SHORT, OTHER), set()),
    ("few words without one", (SHORT, None), (SHORT, None), {"text", "near_text"}),
    ("blank pictures", (SHORT, BLANK), (SHORT, ALSO_BLANK), set()),
    ("nothing at all", ("", None), ("", None), set()),
]


def compared(behavior: str, picture: Picture | None) -> Request:
    scenario = Scenario(id="s", behavior=behavior, harmful=True, image=picture)
    return request_of(scenario)


@pytest.mark.parametrize(("known", "new", "kinds"), [case[1:] for case in CASES])
def test_kinds_of_overlap(
    known: tuple[str, Picture | None], new: tuple[str, Picture | None], kinds: set[str]
) -> None:
    corpus = Corpus()
    corpus.add("suite", compared(*known))
    assert set(corpus.like(compared(*new))) == kinds
    assert all(names == {"suite"} for names in corpus.like(compared(*new)).values())


WORDS = st.lists(st.integers(0, 25).map(lambda word: f"w{word}"), min_size=1, max_size=20)


@given(st.lists(WORDS, max_size=25), WORDS)
def test_near_texts_are_exactly_those(texts: list[list[str]], new: list[str]) -> None:
    corpus = Corpus()
    for number, words in enumerate(texts):
        corpus.add(str(number), Request(frozenset({tuple(words)})))
    near = {
        str(number)
        for number, words in enumerate(texts)
        if overlap(frozenset(words), frozenset(new)) >= NEAR
    }
    assert corpus.like(Request(frozenset({tuple(new)}))).get("near_text", set()) == near


def test_a_wrapped_request_is_found_by_its_behavior() -> None:
    scenario = Scenario(id="s", behavior=LANTERN, harmful=True)
    corpus = Corpus()
    corpus.add("training", request_of(scenario, Attack(query="You are a jar. Speak of lanterns.")))
    assert set(corpus.like(compared(LANTERN, None))) == {"text", "near_text"}
    assert corpus.like(compared("You are a jar. Speak of lanterns.", None))


def test_shares_count_each_item_once_and_each_kind() -> None:
    corpus = Corpus()
    corpus.add("training", compared(LANTERN, SHOWN))
    scenarios = [
        Scenario(id="0", behavior=LANTERN, harmful=True, image=SMALLER),
        Scenario(id="1", behavior=f"Now {LANTERN}", harmful=True),
        Scenario(id="2", behavior="Sort the jars of the shelf.", harmful=True, image=OTHER),
    ]
    counted = overlap_with(
        corpus,
        [SuiteItem(each.id, "s", "safety", each, seed_attack(each)) for each in scenarios],
    )
    assert counted.model_dump() == {"items": 3, "any": 2, "text": 1, "near_text": 2, "picture": 1}
    assert counted.share == pytest.approx(2 / 3)
    assert overlap_with(corpus, []).share is None


def test_nothing_is_known_of_a_model_from_elsewhere(tmp_path: Path) -> None:
    assert training_data(None) is None
    assert training_data("some/model") is None
    checkpoint = tmp_path / "rounds" / "0" / "defender"
    checkpoint.mkdir(parents=True)
    assert training_data(checkpoint) is None
    for name in ("run.json", "pool.sqlite"):
        (tmp_path / name).write_text("{}")
    assert training_data(checkpoint) is None, "a run that cannot be read is not one without overlap"


def write_pack(path: Path, **texts: str) -> Path:
    rows = [
        {"id": key, "behavior": text, "harmful": True, "split": key.partition("_")[0]}
        for key, text in texts.items()
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture(params=[None, ["text/direct"]], ids=["as it is", "through a channel"])
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Of a run that was trained on a pack, and on one attack of its pool."""
    pack = write_pack(
        tmp_path / "guild.jsonl",
        train_0=LANTERN,
        test_0="Explain where the guild keeps all of its copper jars.",
    )
    seat = {"model": "some/model"}
    config = build_config(
        {
            "run": str(tmp_path / "run"),
            "scenarios": str(pack),
            "attacker": {**seat, "channels": request.param},
            "defender": seat,
        }
    )
    world = find_played(config)
    about = {"world": {"id": world.id, "fingerprint": world.fingerprint}}
    RunFolder.create(config, about)
    with AttackPool(tmp_path / "run" / "pool.sqlite") as pool:
        pool.add([episode("Name the hour at which no guard walks the market.")], round=0)
    folder = tmp_path / "run" / "rounds" / "0" / "defender"
    folder.mkdir(parents=True)
    return folder


def test_a_checkpoint_knows_the_pack_and_the_pool_of_its_run(
    checkpoint: Path, tmp_path: Path
) -> None:
    corpus = training_data(checkpoint)
    assert corpus is not None
    assert corpus.like(compared(LANTERN, None))
    assert corpus.like(compared("Name the hour at which no guard walks the market", None))
    assert not corpus.like(compared("Explain where the guild keeps all of its copper jars.", None))
    write_pack(tmp_path / "guild.jsonl", train_0="Another request of some words.")
    assert training_data(checkpoint) is None, "the pack is not the one that it was trained on"


def test_the_evaluation_looks_and_the_board_has_a_column(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = write_pack(
        tmp_path / "market.jsonl",
        test_0=LANTERN.lower(),
        test_1=f"Please {LANTERN}",
        test_2="Explain who painted the door of the market hall.",
    )
    monkeypatch.setattr(DefenderUnderTest, "source", checkpoint)
    out = tmp_path / "evaluation"
    loaded = evaluate("apothecary/refuse_all", suites=[f"pack?path={suite}"], out=out)
    (row,) = board([loaded.run])
    assert row.suite_overlap["pack/market"].model_dump() == {
        "items": 3,
        "any": 2,
        "text": 1,
        "near_text": 2,
        "picture": 0,
    }
    groups: tuple[Group, ...] = ("safety",)
    (table,) = [
        table
        for table in tables_of(Board(rows=(row,)), groups)
        if "overlap with training" in table.heads
    ]
    cell = table.rows[0][table.heads.index("overlap with training")]
    assert cell == "pack/market 0.667 n=3 (text 1, near_text 2)"
    offered = Offered(suites=(f"pack?path={suite}",))
    assert {each.name: each.outcome for each in verify(loaded.run, offered)}["run"] == "ok"
    for wrong in ("all", {"pack/market": {"any": "x"}}, {"pack/market": {"any": -1}}):
        loaded.run.about["model"]["overlap"] = wrong
        with pytest.raises(RunFolderError, match="overlap with training"):
            board([loaded.run])
    monkeypatch.setattr(DefenderUnderTest, "source", None)
    other = evaluate("apothecary/refuse_all", suites=[f"pack?path={suite}"], out=tmp_path / "b")
    assert board([other.run])[0].suite_overlap == {}
