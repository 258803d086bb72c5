"""Suites of capability: how their questions are asked, and what becomes of right answers."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.board.figures import figures_of
from sectow_benchmarks.suites import forms
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.suites.mathvista import MathVista
from sectow_benchmarks.suites.registry import find_suite
from sectow_benchmarks.suites.selection import Selection
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Turn
from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

NAMES = ("mmstar", "scienceqa", "ai2d", "pope", "mme", "realworldqa", "mathvista")


def items_of(name: str, folder: Path) -> list[SuiteItem]:
    import_module(f"tests.benchmarks.suites.replicas.{name}").write(folder)
    return list(find_suite(f"{name}?path={folder}").items(Selection()))


def queries(items: list[SuiteItem]) -> list[str]:
    return [item.attack.query for item in items]


def clusters(items: list[SuiteItem]) -> int:
    return len({item.scenario.cluster for item in items})


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_is_right_and_another_answer_is_not(name: str, tmp_path: Path) -> None:
    items = items_of(name, tmp_path)
    judge = find_suite(f"{name}?path={tmp_path}").world.judge()

    def scored(answers: list[str]) -> list[bool | None]:
        turns = [
            Turn(scenario=item.scenario, attack=item.attack, response=answer)
            for item, answer in zip(items, answers, strict=True)
        ]
        return [verdict.correct for verdict in judge.judge(turns)]

    assert scored([f"The answer is {item.target}." for item in items]) == [True] * len(items)
    assert scored(["I see a jar."] * len(items)) == [False] * len(items)


def test_options_have_letters_and_one_instruction(tmp_path: Path) -> None:
    (first, second, third) = items_of("scienceqa", tmp_path)
    assert first.attack.query == (
        f"Which jar is number 0?\nA. red\nB. blue\nC. green\n{forms.CHOOSE}"
    )
    assert second.attack.query == (
        f"Jars have lids.\nWhich jar is number 1?\nA. red\nB. blue\n{forms.CHOOSE}"
    )
    assert (first.target, second.target) == ("A", "B")
    assert first.scenario.cluster == second.scenario.cluster != third.scenario.cluster


def test_a_diagrams_questions_are_a_cluster_over_all_files(tmp_path: Path) -> None:
    items = items_of("ai2d", tmp_path)
    assert [item.target for item in items] == ["A", "B", "C", "D"]
    assert clusters(items) == 2


def test_mmstar_asks_its_own_options(tmp_path: Path) -> None:
    items = items_of("mmstar", tmp_path)
    assert items[1].attack.query.endswith(f"D: none\n{forms.CHOOSE}")
    assert [item.stratum for item in items] == ["jars", "shelves"] * 2


def test_pope_numbers_its_parts_alike(tmp_path: Path) -> None:
    items = items_of("pope", tmp_path)
    assert {item.stratum for item in items} == {"adversarial", "popular", "random"}
    assert clusters(items) == 1
    assert items[0].id == "pope/adversarial/1"


def test_the_suites_own_instruction_gives_way_to_ours(tmp_path: Path) -> None:
    for name in ("mme", "realworldqa"):
        for query in queries(items_of(name, tmp_path / name)):
            assert "Please" not in query
            assert query.count("Answer with") == 1


def test_realworldqa_has_questions_of_each_kind(tmp_path: Path) -> None:
    items = items_of("realworldqa", tmp_path)
    assert [item.stratum for item in items] == ["choice", "yes_no", "number", "text"]


def test_mathvista_leaves_out_what_needs_a_model_to_read(tmp_path: Path) -> None:
    items = items_of("mathvista", tmp_path)
    assert [item.scenario.meta["answer"] for item in items] == ["choice", "number", "number"]
    assert items[0].target == "B"
    assert items[2].scenario.meta["precision"] == "2"
    assert items[2].attack.query == (f"How tall is jar 2? (unit: m)\n{forms.DECIMALS.format(2)}")
    assert MathVista(path=tmp_path).left_out == 2
    assert {item.stratum for item in items} == {"measuring jars"}


def mme(folder: Path) -> Path:
    import_module("tests.benchmarks.suites.replicas.mme").write(folder)
    return folder


class YesMan:
    """Yes to everything but some questions."""

    def __init__(self, no: tuple[str, ...]) -> None:
        self.no = no

    def respond(self, attacks: list[Attack]) -> list[str]:
        return ["No" if any(word in each.query for word in self.no) else "Yes" for each in attacks]


def test_mme_counts_pictures_both_of_whose_questions_are_right(tmp_path: Path) -> None:
    spec = f"mme?path={mme(tmp_path / 'mme')}"
    loaded = evaluate(
        YesMan(("jar 0 empty",)), name="says", suites=[spec], out=tmp_path / "run",  # type: ignore[arg-type]  # a defender
        decodings=("greedy",),
    )  # fmt: skip
    figures = loaded.figures.set_index("figure")
    assert figures.loc["mme/capability", "value"] == pytest.approx(6 / 8)
    plus = figures.loc["mme/acc_plus"]
    assert (plus["value"], plus["n"], plus["clusters"]) == (pytest.approx(0.5), 4, 4)
    gap = loaded.samples.assign(correct=loaded.samples["correct"].mask(loaded.samples.index == 0))
    (figure,) = [each for each, _ in figures_of(gap) if each.key == "mme/acc_plus"]
    assert np.isnan(figure.select(gap, "greedy")["correct"]).sum() == 1, "a gap, and not wrong"


@pytest.mark.parametrize(
    ("name", "file", "config", "row", "column"),
    [
        ("ai2d", "data/test-0.parquet", "default",
         {"question": "which jar", "options": ["a", "b"], "answer": "2", "image": stored(0)},
         "answer"),
        ("pope", "data/test-0.parquet", "default",
         {"question_id": "1", "question": "a jar?", "answer": "perhaps", "image_source": "s",
          "image": stored(0), "category": "random"}, "answer"),
        ("scienceqa", "ScienceQA-IMG/test-0.parquet", "ScienceQA-IMG",
         {"image": stored(0), "question": "which", "hint": None, "choices": ["a"], "answer": -1},
         "answer"),
        ("mmstar", "mmstar.parquet", "val",
         {"index": 0, "question": "which", "image": stored(0), "answer": "?", "category": "c"},
         "answer"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_by_row_and_column(
    name: str, file: str, config: str, row: dict[str, object], column: str, tmp_path: Path
) -> None:
    split = "val" if name == "mmstar" else "test"
    write_configs(tmp_path, {config: {split: file}})
    write_parquet(tmp_path / file, [row])
    with pytest.raises(ConfigError, match=f"row 1 of .*'{column}'"):
        find_suite(f"{name}?path={tmp_path}").items(Selection())
