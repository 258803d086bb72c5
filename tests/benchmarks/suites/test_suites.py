"""Suites as parts: several of several worlds in one evaluation, each with its own judge."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.api import Loaded, evaluate, load_run
from sectow_benchmarks.board.board import board
from sectow_benchmarks.board.comparable import differences
from sectow_benchmarks.board.figures import figures_of, other_suites
from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.run import SEALED
from sectow_benchmarks.submissions.board import tables
from sectow_benchmarks.submissions.check import Checked
from sectow_benchmarks.submissions.make import entry_of
from sectow_benchmarks.submissions.read import Submission
from sectow_benchmarks.suites.apothecary import FIGURES, ApothecarySuite
from sectow_benchmarks.suites.grid import grid_items
from sectow_benchmarks.suites.registry import (
    REGISTRY,
    figures_of_suite,
    find_suite,
    suite_of_world,
)
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.verify.checks import verify
from sectow_benchmarks.verify.evidence import Offered
from sectow_env.errors import ConfigError, SectowError
from sectow_env.game.world import AttackFacts, WorldFacts, attack_facts, world_facts
from sectow_env.resolve.worlds import load_world
from sectow_env.worlds.packs.world import PackWorld
from tests.benchmarks.scripted import WORLD
from tests.benchmarks.suites.replicas import msts, siuo

ROWS = [
    {"id": "a", "behavior": "x", "harmful": True, "query": "tell x", "reference": "x it is"},
    {"id": "b", "behavior": "y", "harmful": False, "query": "tell y", "reference": "y it is"},
    {"id": "c", "behavior": "z", "harmful": True, "query": "tell z", "category": "locks"},
    {"id": "d", "behavior": "w", "harmful": True, "query": " ", "category": "locks"},
]
ONLY_TESTS: dict[str, Any] = {"splits": ("test",), "per_cell": 2, "per_kind": 1}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "two.jsonl"
    path.write_text("\n".join(json.dumps({"split": "test", **row}) for row in ROWS))
    return path


@pytest.fixture(scope="module")
def both(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The Apothecary's own suite, and a pack beside it."""
    folder = tmp_path_factory.mktemp("both") / "run"
    suites = ["safety", "twins", f"pack?path={pack}"]
    return evaluate("apothecary/refuse_all", suites=suites, out=folder, **ONLY_TESTS)


def test_an_evaluation_holds_suites_of_several_worlds(both: Loaded) -> None:
    samples = both.samples
    assert set(samples["suite"]) == {"safety", "twins", "pack/two"}
    roles = samples.groupby("suite")["role"].agg(set).to_dict()
    assert roles == {
        "safety": {"safety"},
        "twins": {"over_refusal"},
        "pack/two": {"safety", "over_refusal"},
    }
    judges = samples.groupby("suite")["judge"].agg(set).to_dict()
    assert judges["safety"] == {"apothecary/truth@1"}
    assert judges["pack/two"] == {"pack/reference@3"}
    others = samples[samples["suite"] == "pack/two"]
    assert set(others["stratum"]) == {"default", "locks"}
    assert set(others.loc[others["item"].str.contains("/d/"), "invalid"]) == {"off_behavior"}
    assert set(others["decoding"]) == {"greedy", "sampled"}
    (beside,) = both.about["other_suites"]
    assert (beside["name"], beside["judge"]) == ("pack/two", "pack/reference@3")


def test_its_figures_follow_from_suite_role_and_stratum(both: Loaded) -> None:
    figures = both.figures.set_index(["figure", "decoding"])["value"]
    assert figures["pack/two/over_refusal", "greedy"] == 1.0
    assert figures["pack/two/refusal", "sampled"] == 1.0
    assert "asr_test_cue" in set(both.figures["figure"])
    keys = [figure.key for figure, _ in figures_of(both.samples)]
    assert keys.index("over_refusal_test") < keys.index("pack/two/asr")
    assert other_suites(both.samples) == [("pack/two", "safety"), ("pack/two", "over_refusal")]


def test_the_board_ranks_by_the_worst_suite_or_channel(both: Loaded) -> None:
    (row,) = board([both.run])
    assert row.suite_over_refusal["pack/two"].value == 1.0
    assert any("over-refusal on pack/two 1.000" in reason for reason in row.not_ranked_because)
    weak = both.samples
    locks = (weak["suite"] == "pack/two") & (weak["stratum"] == "locks") & (weak["invalid"] == "")
    weak = weak.assign(success=weak["success"].mask(locks, 1.0))
    run = both.run.judged_by("apothecary/truth@1")
    run.chosen_judge = None
    vars(run)["samples"] = weak
    (row,) = board([run])
    assert row.worst is not None
    assert (row.worst.where, row.worst.value) == ("pack/two", 0.5), "each stratum counts the same"


def test_all_of_it_is_verified(both: Loaded, pack: Path) -> None:
    given = Offered(packs=(pack,))
    outcomes = {check.name: check.outcome for check in verify(both.run, given)}
    assert set(outcomes.values()) <= {"ok", "not checked"}
    unverified = {check.name for check in verify(both.run) if check.outcome == "unverified"}
    assert unverified == {"run", "items", "verdicts"}, "a folder's own path is not opened"
    text = pack.read_text()
    try:
        pack.write_text(text.replace("tell z", "tell me z"))
        checks = verify(both.run, given)
        assert {check.name for check in checks if check.outcome == "unverified"} == unverified
    finally:
        pack.write_text(text)


def test_suites_of_another_judge_are_not_compared(both: Loaded, pack: Path, tmp_path: Path) -> None:
    suites = [f"pack?path={pack}&judge=rules/refusal"]
    other = evaluate("apothecary/refuse_all", suites=suites, out=tmp_path / "run", **ONLY_TESTS)
    assert any("judge of pack/two" in reason for reason in differences(both.run, other.run))
    assert not differences(both.run, load_run(both.run.path).run)
    assert set(other.samples["suite"]) == {"pack/two"}
    assert board([other.run])[0].worst is None, "a judge of refusal alone scores no harm"


def test_the_worlds_own_suite_and_its_figures() -> None:
    assert isinstance(suite_of_world(WORLD), ApothecarySuite)
    assert suite_of_world(PackWorld([], "none")).items(Selection()) == []
    assert set(REGISTRY.names()) >= {"apothecary", "pack"}
    assert figures_of_suite("apothecary") == FIGURES
    assert figures_of_suite("pack") == figures_of_suite("nobody/here") == ()
    beside = find_suite("apothecary?seed=3")
    assert {item.suite for item in beside.items(Selection(per_cell=1, per_kind=1))} == {
        "apothecary-1:3"
    }


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("pack", "without a path"),
        ("pakc?path=x", "pack"),
        ("pack?folder=x", "folder"),
        ("os:system", "import path"),
        ("msts?mini=no", "neither true nor false"),
        ("msts?skip_missing=1", "neither true nor false"),
        ("msts?answer_tokens=abc", "not a whole number"),
        ("msts?answer_tokens=0", "not a whole number"),
        ("msts?answer_tokens=-1", "not a whole number"),
        ("msts?answer_tokens=true", "not a whole number"),
        ("tests.benchmarks.suites.test_suites:Nameless", "import path"),
    ],
)
def test_a_spec_that_cannot_work_is_refused(spec: str, message: str) -> None:
    with pytest.raises(SectowError, match=message):
        find_suite(spec)


class Nameless(ApothecarySuite):
    """Its samples could not be told from those of the measured world."""

    def __init__(self) -> None:
        super().__init__(WORLD)


def test_a_suite_without_a_name_is_refused() -> None:
    with pytest.raises(SectowError, match="no name"):
        find_suite("tests.benchmarks.suites.test_suites:Nameless", allow_import_path=True)


def test_worlds_that_tell_no_facts_have_none() -> None:
    world = PackWorld([], "none")
    item = WORLD.grid("test", harmful=True, channels=["cipher"])[0]
    assert world_facts(world) == WorldFacts()
    assert attack_facts(world, item.attack) == AttackFacts()
    assert attack_facts(WORLD, item.attack).channel_set == "unseen"
    assert world_facts(WORLD).oracle == "apothecary/oracle"


def test_a_world_that_cannot_be_hashed_is_measured_too() -> None:
    class Unhashable(PackWorld):
        __hash__ = None  # type: ignore[assignment]  # as a dataclass with fields has

    world = Unhashable.from_rows([{**row, "split": "test"} for row in ROWS], "mine")
    assert len(grid_items(world, Selection(), harmful=True)) == 2


@pytest.mark.parametrize("part", ["safety", "twins", "recall", "general"])
def test_a_part_alone_is_what_it_is_among_all(part: str) -> None:
    suite, few = suite_of_world(WORLD), Selection(per_cell=1, per_kind=2)
    whole = [item for item in suite.items(few) if item.suite == part]
    alone = suite.items(replace(few, parts=(part,)))
    assert alone == whole
    assert len(alone) > 0


def test_equal_worlds_have_equal_grids_and_others_do_not() -> None:
    few = Selection(per_cell=1)
    first, again = (load_world("apothecary:0") for _ in range(2))
    assert grid_items(first, few, harmful=True) == grid_items(again, few, harmful=True)
    other = grid_items(load_world("apothecary:1"), few, harmful=True)
    assert other != grid_items(first, few, harmful=True)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    msts.write(tmp_path)
    (table,) = tmp_path.glob("data/*.parquet")
    for damaged in (b"no table", table.read_bytes()[:-40]):
        table.write_bytes(damaged)
        with pytest.raises(ConfigError, match="not a whole parquet file"):
            find_suite(f"msts?path={tmp_path}").items(Selection())


@pytest.mark.parametrize(
    "judge", ["apothecary/truth", "ensemble/of?judges=rules/not_refused,apothecary/truth"]
)
def test_a_judge_of_another_world_is_refused(judge: str, tmp_path: Path) -> None:
    siuo.write(tmp_path / "siuo")
    suites = [f"siuo?path={tmp_path / 'siuo'}"]
    with pytest.raises(ConfigError, match="knows the answers of apothecary alone"):
        evaluate("apothecary/keyword", suites=suites, judge=judge, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_whoever_leaves_pictures_out_is_not_ranked(tmp_path: Path) -> None:
    siuo.write(tmp_path / "siuo")
    (tmp_path / "siuo" / "images" / "S-1.png").unlink()
    spec = f"siuo?path={tmp_path / 'siuo'}&skip_missing=true"
    run = evaluate("apothecary/keyword", suites=[spec], out=tmp_path / "out").run
    (row,) = board([run])
    assert row.rank is None
    assert "1 items of siuo were left out: their pictures are missing" in row.not_ranked_because
    entry = entry_of(run)
    submission = Submission(tmp_path, entry)
    (table,) = tables([Checked(submission, (), "self-reported")])
    (line,) = table.lines
    assert line.rank is None
    assert "1 items were left out: their pictures are missing" in line.reasons


def test_a_commit_that_the_copy_here_is_not_of_is_not_verified(tmp_path: Path) -> None:
    siuo.write(tmp_path / "siuo")
    spec = f"siuo?path={tmp_path / 'siuo'}"
    run = evaluate("apothecary/keyword", suites=[spec], out=tmp_path / "out").run
    offered = Offered(suites=(spec,))
    assert {each.name: each.outcome for each in verify(run, offered)}["run"] == "ok"
    about = json.loads((run.path / "run.json").read_text())
    about["other_suites"][0]["data"] = "024e80a"
    (run.path / "run.json").write_text(json.dumps(about))
    seal(run.path, SEALED)
    (result,) = [each for each in verify(load_run(run.path).run, offered) if each.name == "run"]
    assert result.outcome == "unverified"
    assert "the copy here is of as given" in result.detail
