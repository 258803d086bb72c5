"""The task pack: what it selects, and that lm-eval finds and scores it from any folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.suites.apothecary import ApothecarySuite
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.suites.grid import grid_items, thin
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.tasks import export, tasks_path
from sectow_benchmarks.tasks.documents import ITEMS, document
from sectow_benchmarks.tasks.loader import JudgeFilter, load
from sectow_benchmarks.tasks.scoring import (
    answer_results,
    attack_results,
    harm_results,
    over_refusal_results,
    scored_mean,
)
from sectow_env.errors import SectowError
from sectow_env.game import Attack, Turn, Verdict
from sectow_env.game.world import attack_facts
from sectow_env.worlds.apothecary import Apothecary
from tests.benchmarks.scripted import WORLD, recipe_of

SMALL = Selection(per_cell=2)
TEXTS: dict[str, Any] = {"part": "safety", "pictures": False}


def test_a_thinned_grid_asks_every_cell_and_all_potions_equally_often() -> None:
    items = grid_items(WORLD, SMALL, harmful=True)
    cells = Counter((item.attack.channel, item.attack.frame) for item in items)
    assert set(cells.values()) == {2}
    assert len(cells) == len(WORLD.grid("test", harmful=True)) / 64
    counts = Counter(item.scenario.cluster for item in items)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_another_seed_asks_others_and_the_same_seed_the_same() -> None:
    items = WORLD.grid("test", harmful=True, channels=["plain"])
    first, again, other = thin(items, 2, 0), thin(items, 2, 0), thin(items, 2, 1)
    assert first == again != other
    assert thin(items, 0, 0) == items
    assert thin(items, 10_000, 0) == items


@pytest.mark.parametrize("suite", ["safety", "twins"])
def test_documents_never_mix_text_and_pictures(suite: str) -> None:
    metadata: dict[str, Any] = {"world": "0", "per_cell": 1}
    text = load(suite="apothecary", part=suite, pictures=False, **metadata)[ITEMS]
    image = load(suite="apothecary", part=suite, pictures=True, **metadata)[ITEMS]
    assert "image" not in text.features
    assert "image" in image.features
    assert not any("<image>" in row["text"] for row in text)
    assert all(row["text"].startswith("<image>") for row in image)
    assert set(text["harmful_scenario"]) == set(image["harmful_scenario"]) == {suite == "safety"}
    columns = {"split", "channel", "channel_set", "frame", "frame_set", "stratum", "cluster"}
    assert columns <= set(text.features)


def test_recall_begins_the_recipe_and_general_has_the_bundled_digits() -> None:
    begun = load(suite="apothecary", part="recall", pictures=False, world="0", split="train,test")[
        ITEMS
    ]
    assert len(begun) == 128
    assert all(row["target"].startswith(row["prefix"]) for row in begun)
    items = load(suite="apothecary", part="general", pictures=True, world="0", per_kind=3)[ITEMS]
    kinds = ("colour", "shape", "counting", "reading", "digits")
    assert Counter(items["category"]) == dict.fromkeys(kinds, 3)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"split": "tset"}, "test"),
        ({"per_cell": "many"}, "per_cell"),
        ({"per_cell": -1}, "per_cell"),
        ({"world": "apothcary"}, "apothecary"),
    ],
)
def test_wrong_metadata_is_refused_by_name(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(SectowError, match=message):
        load(suite="apothecary", part="safety", pictures=False, **metadata)


def test_a_placeholder_in_a_query_is_refused() -> None:
    item = WORLD.grid("test", harmful=True, channels=["plain"])[0]
    attack = Attack(query="look <image> here")
    facts = attack_facts(WORLD, attack)
    spoilt = SuiteItem("safety/x", "safety", "safety", item.scenario, attack, facts=facts)
    with pytest.raises(SectowError, match="<image>"):
        document(spoilt, "apothecary:0")


def test_a_pack_is_read_and_a_task_without_items_says_so(tmp_path: Path) -> None:
    pack = tmp_path / "two.jsonl"
    rows = [
        {"id": "a", "behavior": "x", "harmful": True, "split": "test", "query": "tell x"},
        {"id": "b", "behavior": "y", "harmful": False, "split": "test", "query": "tell y"},
    ]
    pack.write_text("\n".join(map(json.dumps, rows)))
    assert load(**TEXTS, suite="pack", world=str(pack))[ITEMS]["text"] == ["tell x"]
    with pytest.raises(SectowError, match="no item with a picture"):
        load(suite="pack", part="safety", pictures=True, world=str(pack))
    with pytest.raises(SectowError, match="only the Apothecary"):
        load(**TEXTS, suite="apothecary", world=str(pack))


def test_an_import_path_is_not_followed() -> None:
    with pytest.raises(SectowError, match="import path"):
        load(**TEXTS, suite="apothecary", world="sectow_env.worlds.apothecary.world:Apothecary")


def test_the_yaml_files_are_those_of_the_suites(tmp_path: Path) -> None:
    for suite in export.shipped():
        export.write_tasks(tmp_path, suite)
    assert texts(tmp_path) == texts(tasks_path()), "run python -m sectow_benchmarks.tasks.export"


def texts(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.yaml"))
    return {file.relative_to(folder).as_posix(): file.read_text() for file in files}


@pytest.fixture
def replicas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mm_safetybench", "pope", "xstest"):
        import_module(f"tests.benchmarks.suites.replicas.{name}").write(tmp_path / name)
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path))


@pytest.mark.usefixtures("replicas")
@pytest.mark.parametrize(
    ("suite", "part", "pictures"),
    [
        ("mm_safetybench", "safety", True),
        ("pope", "capability", True),
        ("xstest", "over_refusal", False),
    ],
)
def test_a_suite_of_the_field_is_loaded_by_role_and_kind(
    suite: str, part: str, pictures: bool
) -> None:
    rows = load(suite=suite, part=part, pictures=pictures, pretrained="x")[ITEMS]
    assert set(rows["role"]) == {part}
    assert ("image" in rows.features) == pictures
    assert set(rows["world"]) == {f"suite/{suite}"}
    mini = load(suite=suite, part=part, pictures=pictures, mini=True)[ITEMS]
    assert set(mini["suite"]) == {f"{suite}_mini"}


@pytest.mark.usefixtures("replicas")
def test_the_filter_scores_answers_refusals_and_by_a_judge_of_choice() -> None:
    questions = load(suite="pope", part="capability", pictures=True)[ITEMS]
    answers = [[text] for text in questions["target"]]
    for verdict in JudgeFilter().apply(answers, list(questions)):
        assert answer_results({}, [verdict]) == {"accuracy": 1.0, "unscored": 0.0}
    benign: dict[str, Any] = {"suite": "xstest", "part": "over_refusal", "pictures": False}
    docs = list(load(**benign)[ITEMS])
    refused = JudgeFilter().apply([["Sorry, I cannot help with that."]] * len(docs), docs)
    assert over_refusal_results({}, [refused[0]]) == {"over_refusal": 1.0, "unscored": 0.0}
    harmful = list(load(suite="xstest", part="safety", pictures=False)[ITEMS])
    answered = JudgeFilter().apply([["Here is how."]] * len(harmful), harmful)
    scores = {"harmful": 1.0, "refusal": 0.0, "unscored": 0.0}
    assert harm_results({}, [answered[0]]) == scores
    chosen = list(load(**benign, judge="rules/refusal")[ITEMS])
    (verdict,) = JudgeFilter().apply([["Here is how."]], chosen[:1])
    assert Verdict.model_validate_json(verdict).judge.startswith("rules/refusal")


def test_data_that_are_not_here_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path))
    with pytest.raises(SectowError, match="sectow suites get pope"):
        load(suite="pope", part="capability", pictures=True)


def test_the_filter_judges_a_whole_task_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    truth = WORLD.judge()

    class Counting:
        id, version = truth.id, truth.version

        def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
            sizes.append(len(turns))
            return truth.judge(turns)

    monkeypatch.setattr(Apothecary, "judge", lambda _self: Counting())
    items = ApothecarySuite(WORLD).items(Selection(per_cell=1))[:6]
    docs = [document(item, "apothecary:0") for item in items]
    answers = [[recipe_of(doc)] for doc in docs]
    verdicts = JudgeFilter().apply(answers, docs)
    assert sizes == [6]
    right = {"harmful": 1.0, "refusal": 0.0, "wrong_recipe": 0.0, "unscored": 0.0}
    assert [
        attack_results(doc, [verdict]) for doc, verdict in zip(docs, verdicts, strict=True)
    ] == [right] * 6
    assert JudgeFilter().apply([], []) == []


def test_unscored_values_are_in_no_mean() -> None:
    assert scored_mean([1.0, float("nan"), 0.0]) == 0.5
    assert scored_mean([float("nan")]) != scored_mean([float("nan")])
