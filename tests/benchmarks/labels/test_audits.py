"""Judges held against people: every figure against an independent computation."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from typer.testing import CliRunner

from sectow_benchmarks.judging.audit import Audit, audit, to_markdown
from sectow_benchmarks.labels import jailbreakbench, wildguard
from sectow_benchmarks.labels.base import LabelSet
from sectow_benchmarks.labels.files import write_labels
from sectow_env.commands.main import app, main
from sectow_env.errors import PartError
from sectow_env.game import Invalid, Refusal, Turn, Verdict
from tests.benchmarks.labels import replicas
from tests.benchmarks.labels.replicas import DoorJudge, labelled, labels, save

BOTH = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40)


def gwet(first: Sequence[bool], second: Sequence[bool]) -> float:
    """AC1 as Gwet (2008) writes it: chance is the mean of pi (1 - pi) over two categories."""
    categories = (True, False)
    shares = [
        (first.count(category) + second.count(category)) / (2 * len(first))
        for category in categories
    ]
    chance = sum(pi * (1 - pi) for pi in shares) / (len(categories) - 1)
    seen = float(np.mean([a == b for a, b in zip(first, second, strict=True)]))
    return (seen - chance) / (1 - chance)


def held(truth: Sequence[bool], judged: Sequence[bool]) -> Audit:
    """An audit of a judge whose labels are given."""
    turns = [labelled(number, ana=label) for number, label in enumerate(truth)]
    return audit(labels(*turns), DoorJudge(lambda text: judged[int(text.removeprefix("door "))]))


def same(first: float, second: float) -> bool:
    return math.isclose(first, second, abs_tol=1e-9) or (math.isnan(first) and math.isnan(second))


def figures_hold(result: Audit, truth: list[bool], judged: list[bool]) -> bool:
    """Whether an audit says what scikit-learn and the formulas say."""
    (tn, fp), (fn, tp) = confusion_matrix(truth, judged, labels=[False, True])
    overall = result.overall
    with np.errstate(all="ignore"):
        kappa = math.nan if {*truth} == {*judged} and len({*truth}) == 1 else None
        if kappa is None:
            kappa = float(cohen_kappa_score(truth, judged))
    counts = (
        overall.true_positives,
        overall.false_positives,
        overall.false_negatives,
        overall.true_negatives,
    )
    return (
        counts == (tp, fp, fn, tn)
        and same(overall.kappa, kappa)
        and same(overall.ac1, gwet(truth, judged))
        and same(overall.accuracy.value, (tp + tn) / len(truth))
        and same(overall.sensitivity.value, tp / (tp + fn) if tp + fn else math.nan)
        and same(overall.specificity.value, tn / (tn + fp) if tn + fp else math.nan)
    )


@given(BOTH)
def test_the_figures_are_those_of_others(both: list[tuple[bool, bool]]) -> None:
    truth, judged = [first_label for first_label, _ in both], [other for _, other in both]
    assert figures_hold(held(truth, judged), truth, judged)


def test_a_judge_whose_words_are_swapped_with_the_truth_is_seen() -> None:
    truth, judged = [True, True, True, False], [True, False, False, False]
    assert figures_hold(held(truth, judged), truth, judged)
    assert not figures_hold(held(judged, truth), truth, judged)
    assert not figures_hold(held(truth, truth), truth, judged)


@given(BOTH)
def test_annotators_are_held_against_each_other(both: list[tuple[bool, bool]]) -> None:
    turns = [
        labelled(at, ana=first_label, ben=other) for at, (first_label, other) in enumerate(both)
    ]
    alone = labelled(100, ana=True)
    unsure = labelled(101, ana=None, ben=True)
    (pair,) = audit(labels(*turns, alone, unsure), replicas.never()).annotators
    assert (pair.first, pair.second) == ("ana", "ben")
    assert (pair.agreement.n, pair.missing) == (len(both), 2)
    first, second = [first_label for first_label, _ in both], [other for _, other in both]
    assert same(pair.agreement.ac1, gwet(first, second))
    if len({*first, *second}) == 2:
        assert same(pair.agreement.kappa, float(cohen_kappa_score(first, second)))


def test_what_nobody_could_tell_is_in_no_figure_and_counted() -> None:
    known = labels(
        labelled(0, ana=True, ben=True),
        labelled(1, ana=True, ben=False),
        labelled(2, ana=None, ben=None),
        labelled(3, ana=None, ben=False),
    ).model_copy(update={"left_out": 5})
    result = audit(known, DoorJudge(lambda _: True))
    assert (result.turns, result.unlabelled, result.tied, result.left_out) == (4, 1, 1, 5)
    assert result.overall.n == 2
    assert result.asr.value == 0.5
    assert (result.asr.n, result.asr.missing) == (2, 2)
    # What the judge says of all four.
    assert (result.observed.value, result.observed.n) == (1.0, 4)
    # It calls everything harmful: no better than chance, so there is nothing to correct by.
    assert not result.corrected.known
    page = to_markdown(result)
    assert "1 of which nobody could tell, 1 with as many voices for as against" in page
    assert result.truth == "most of ana, ben"


def test_the_errors_are_taken_out_by_the_formula() -> None:
    truth = [True] * 10 + [False] * 30
    judged = [True] * 8 + [False] * 2 + [True] * 3 + [False] * 27
    result = held(truth, judged)
    seen, sensitivity, specificity = 11 / 40, 8 / 10, 27 / 30
    by_hand = (seen + specificity - 1) / (sensitivity + specificity - 1)
    assert result.corrected.value == pytest.approx(by_hand) == pytest.approx(0.25)
    assert result.observed.value == pytest.approx(seen)
    assert result.corrected.low < 0.25 < result.corrected.high
    width = result.observed.high - result.observed.low
    assert result.corrected.high - result.corrected.low > width


def test_the_comparison_of_judges_is_audited(tmp_path: Path) -> None:
    known = jailbreakbench.load(save(replicas.comparison(24), tmp_path / "rows.parquet"))
    result = audit(known, replicas.opens())
    truth = [row["human_majority"] for row in replicas.comparison(24)]
    third = [row["human3"] for row in replicas.comparison(24)]
    assert result.overall.accuracy.value == result.overall.kappa == 1.0
    assert result.asr.value == pytest.approx(np.mean(truth))
    names = [(pair.first, pair.second) for pair in result.annotators]
    assert names == [("human1", "human2"), ("human1", "human3"), ("human2", "human3")]
    assert result.annotators[0].agreement.kappa == 1.0
    assert same(result.annotators[1].agreement.kappa, cohen_kappa_score(truth, third))
    assert result.refusal is None


def test_refusals_are_audited_and_categories_kept_apart(tmp_path: Path) -> None:
    known = wildguard.load(save(replicas.guarded(), tmp_path / "rows.parquet"))
    result = audit(known, replicas.never())
    assert result.refusal is not None
    assert (result.refusal.n, result.refusal.kappa) == (8, 1.0)
    assert {name: figure.n for name, figure in result.by_category.items()} == {
        "doors": 5,
        "keys": 3,
    }
    assert sum(figure.false_negatives for figure in result.by_category.values()) == 4
    assert result.annotators == result.refusal_annotators == ()
    assert (result.turns, result.unlabelled, result.left_out) == (9, 1, 1)
    assert "| full refusals | n |" in to_markdown(result)


class Odd(DoorJudge):
    """Gives one verdict, whatever it is asked."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return super().judge(turns)[:1]


def test_a_judge_that_gives_one_verdict_for_all_is_at_fault() -> None:
    turns = [labelled(at, ana=True) for at in range(3)]
    with pytest.raises(PartError, match="1 answers, not 3"):
        audit(labels(*turns), Odd(lambda _: True))
    with pytest.raises(PartError, match=r"test/door.*ZeroDivisionError"):
        audit(labels(*turns), DoorJudge(lambda _: bool(1 / 0)))


def test_an_attack_that_cannot_count_is_unscored() -> None:
    class Rejects(DoorJudge):
        def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
            verdicts = super().judge(turns)
            return [verdict.model_copy(update={"invalid": Invalid.LEAK}) for verdict in verdicts]

    turns = [labelled(at, ana=at > 1) for at in range(3)]
    result = audit(labels(*turns), Rejects(lambda _: True))
    assert (result.overall.n, result.overall.unscored) == (0, 3)
    assert not result.observed.known


def test_a_partial_refusal_is_none_in_full() -> None:
    class Partly(DoorJudge):
        def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
            return [
                verdict.model_copy(update={"refusal": refusal})
                for verdict, refusal in zip(super().judge(turns), Refusal, strict=True)
            ]

    turns = [
        labelled(at, ana=False).model_copy(update={"refusals": {"ana": full}})
        for at, full in enumerate((False, False, True))
    ]
    result = audit(labels(*turns), Partly(lambda _: False))
    assert list(Refusal) == [Refusal.NONE, Refusal.PARTIAL, Refusal.FULL]
    assert result.refusal is not None
    assert (result.refusal.accuracy.value, result.refusal.n) == (1.0, 3)


def test_turns_of_one_behavior_count_as_one_cluster() -> None:
    turns = [
        labelled(at, "ab"[at % 2], ana=at % 4 < 2, ben=at % 3 == 0).model_copy(
            update={"cluster": f"door {at // 10}", "refusals": {"ana": at % 2 == 0, "ben": True}}
        )
        for at in range(60)
    ]
    result = audit(labels(*turns), DoorJudge(lambda _: True))
    assert result.refusal is not None
    pairs = [*result.annotators, *result.refusal_annotators]
    every = [result.overall, result.refusal, *result.by_category.values()]
    assert len(pairs) == 2
    for figure in (*every, *(pair.agreement for pair in pairs)):
        assert figure.accuracy.clusters == 6
    assert (result.asr.clusters, result.observed.clusters) == (6, 6)


def test_no_text_of_a_turn_and_no_code_is_printed() -> None:
    labelled_turn = labelled(1, "\x1b[31m<b>|red|", ana=True)
    result = audit(labels(labelled_turn), DoorJudge(lambda _: True))
    for text in (to_markdown(result), json.dumps(result.to_json())):
        assert "door 1" not in text
        assert "\x1b" not in text
    assert "<b>" not in to_markdown(result)


def test_an_empty_set_has_no_figures() -> None:
    result = audit(LabelSet(source="doors", revision="1", turns=()), replicas.never())
    assert (result.overall.n, result.truth) == (0, "nobody")
    assert json.loads(json.dumps(result.to_json(), allow_nan=False))["asr"]["value"] is None


def run_audit(*words: str) -> Any:
    return CliRunner().invoke(app, ["judge", "audit", *words])


OPENS = "tests.benchmarks.labels.replicas:opens"


def test_the_command_takes_labels_of_any_kind(tmp_path: Path) -> None:
    rows = save(replicas.comparison(), tmp_path / "rows.csv")
    done = run_audit("--labels", f"jailbreakbench:{rows}", "--judge", OPENS)
    assert done.exit_code == 0, done.output
    assert "test/door@1 against most of human1, human2, human3" in done.output
    assert "door 1" not in done.output
    files = []
    for name, second in (("ana", True), ("ben", False)):
        file = tmp_path / f"{name}.jsonl"
        both = (labelled(0, "default", **{name: True}), labelled(1, "default", **{name: second}))
        write_labels(file, labels(*both))
        files += ["--labels", str(file)]
    tree = json.loads(run_audit(*files, "--judge", OPENS, "--json").stdout)
    assert tree["truth"] == "most of ana, ben"
    assert (tree["overall"]["false_negatives"], tree["tied"]) == (1, 1)
    assert tree["annotators"][0]["agreement"]["accuracy"]["value"] == 0.5


@pytest.mark.parametrize("words", [[], ["some/run", "--labels", "wildguard"]])
def test_one_thing_is_audited_at_a_time(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["judge", "audit", *words, "--judge", OPENS])
    assert ended.value.code == 2
    assert "one of the two" in capsys.readouterr().err
