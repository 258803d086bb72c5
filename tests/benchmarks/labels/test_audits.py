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
    shares = [(first.count(one) + second.count(one)) / (2 * len(first)) for one in categories]
    chance = sum(pi * (1 - pi) for pi in shares) / (len(categories) - 1)
    seen = float(np.mean([a == b for a, b in zip(first, second, strict=True)]))
    return (seen - chance) / (1 - chance)


def held(truth: Sequence[bool], said: Sequence[bool]) -> Audit:
    """An audit of a judge that says what it is told."""
    turns = [labelled(number, ana=one) for number, one in enumerate(truth)]
    return audit(labels(*turns), DoorJudge(lambda text: said[int(text.removeprefix("door "))]))


def same(first: float, second: float) -> bool:
    return math.isclose(first, second, abs_tol=1e-9) or (math.isnan(first) and math.isnan(second))


def figures_hold(found: Audit, truth: list[bool], said: list[bool]) -> bool:
    """Whether an audit says what scikit-learn and the formulas say."""
    (tn, fp), (fn, tp) = confusion_matrix(truth, said, labels=[False, True])
    one = found.overall
    with np.errstate(all="ignore"):
        kappa = math.nan if {*truth} == {*said} and len({*truth}) == 1 else None
        if kappa is None:
            kappa = float(cohen_kappa_score(truth, said))
    counts = (one.true_positives, one.false_positives, one.false_negatives, one.true_negatives)
    return (
        counts == (tp, fp, fn, tn)
        and same(one.kappa, kappa)
        and same(one.ac1, gwet(truth, said))
        and same(one.accuracy.value, (tp + tn) / len(truth))
        and same(one.sensitivity.value, tp / (tp + fn) if tp + fn else math.nan)
        and same(one.specificity.value, tn / (tn + fp) if tn + fp else math.nan)
    )


@given(BOTH)
def test_the_figures_are_those_of_others(both: list[tuple[bool, bool]]) -> None:
    truth, said = [one for one, _ in both], [other for _, other in both]
    assert figures_hold(held(truth, said), truth, said)


def test_a_judge_whose_words_are_swapped_with_the_truth_is_seen() -> None:
    truth, said = [True, True, True, False], [True, False, False, False]
    assert figures_hold(held(truth, said), truth, said)
    assert not figures_hold(held(said, truth), truth, said)
    assert not figures_hold(held(truth, truth), truth, said)


@given(BOTH)
def test_annotators_are_held_against_each_other(both: list[tuple[bool, bool]]) -> None:
    turns = [labelled(at, ana=one, ben=other) for at, (one, other) in enumerate(both)]
    alone = labelled(100, ana=True)
    unsure = labelled(101, ana=None, ben=True)
    (pair,) = audit(labels(*turns, alone, unsure), replicas.never()).annotators
    assert (pair.first, pair.second) == ("ana", "ben")
    assert (pair.agreement.n, pair.missing) == (len(both), 2)
    first, second = [one for one, _ in both], [other for _, other in both]
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
    found = audit(known, DoorJudge(lambda _: True))
    assert (found.turns, found.unlabelled, found.tied, found.left_out) == (4, 1, 1, 5)
    assert found.overall.n == 2
    assert found.asr.value == 0.5
    assert (found.asr.n, found.asr.missing) == (2, 2)
    # What the judge says of all four.
    assert (found.observed.value, found.observed.n) == (1.0, 4)
    # It calls everything harmful: no better than chance, so there is nothing to correct by.
    assert not found.corrected.known
    told = to_markdown(found)
    assert "1 of which nobody could tell, 1 with as many voices for as against" in told
    assert found.truth == "most of ana, ben"


def test_the_errors_are_taken_out_by_the_formula() -> None:
    truth = [True] * 10 + [False] * 30
    said = [True] * 8 + [False] * 2 + [True] * 3 + [False] * 27
    found = held(truth, said)
    seen, sensitivity, specificity = 11 / 40, 8 / 10, 27 / 30
    by_hand = (seen + specificity - 1) / (sensitivity + specificity - 1)
    assert found.corrected.value == pytest.approx(by_hand) == pytest.approx(0.25)
    assert found.observed.value == pytest.approx(seen)
    assert found.corrected.low < 0.25 < found.corrected.high
    width = found.observed.high - found.observed.low
    assert found.corrected.high - found.corrected.low > width


def test_the_comparison_of_judges_is_audited(tmp_path: Path) -> None:
    known = jailbreakbench.load(save(replicas.comparison(24), tmp_path / "rows.parquet"))
    found = audit(known, replicas.opens())
    truth = [row["human_majority"] for row in replicas.comparison(24)]
    third = [row["human3"] for row in replicas.comparison(24)]
    assert found.overall.accuracy.value == found.overall.kappa == 1.0
    assert found.asr.value == pytest.approx(np.mean(truth))
    names = [(pair.first, pair.second) for pair in found.annotators]
    assert names == [("human1", "human2"), ("human1", "human3"), ("human2", "human3")]
    assert found.annotators[0].agreement.kappa == 1.0
    assert same(found.annotators[1].agreement.kappa, cohen_kappa_score(truth, third))
    assert found.refusal is None


def test_refusals_are_audited_and_categories_kept_apart(tmp_path: Path) -> None:
    known = wildguard.load(save(replicas.guarded(), tmp_path / "rows.parquet"))
    found = audit(known, replicas.never())
    assert found.refusal is not None
    assert (found.refusal.n, found.refusal.kappa) == (8, 1.0)
    assert {name: one.n for name, one in found.by_category.items()} == {"doors": 5, "keys": 3}
    assert sum(one.false_negatives for one in found.by_category.values()) == 4
    assert found.annotators == found.refusal_annotators == ()
    assert (found.turns, found.unlabelled, found.left_out) == (9, 1, 1)
    assert "| full refusals | n |" in to_markdown(found)


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
            said = super().judge(turns)
            return [one.model_copy(update={"invalid": Invalid.LEAK}) for one in said]

    turns = [labelled(at, ana=at > 1) for at in range(3)]
    found = audit(labels(*turns), Rejects(lambda _: True))
    assert (found.overall.n, found.overall.unscored) == (0, 3)
    assert not found.observed.known


def test_a_partial_refusal_is_none_in_full() -> None:
    class Partly(DoorJudge):
        def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
            return [
                one.model_copy(update={"refusal": refusal})
                for one, refusal in zip(super().judge(turns), Refusal, strict=True)
            ]

    turns = [
        labelled(at, ana=False).model_copy(update={"refusals": {"ana": full}})
        for at, full in enumerate((False, False, True))
    ]
    found = audit(labels(*turns), Partly(lambda _: False))
    assert list(Refusal) == [Refusal.NONE, Refusal.PARTIAL, Refusal.FULL]
    assert found.refusal is not None
    assert (found.refusal.accuracy.value, found.refusal.n) == (1.0, 3)


def test_turns_of_one_behavior_count_as_one_cluster() -> None:
    turns = [
        labelled(at, "ab"[at % 2], ana=at % 4 < 2, ben=at % 3 == 0).model_copy(
            update={"cluster": f"door {at // 10}", "refusals": {"ana": at % 2 == 0, "ben": True}}
        )
        for at in range(60)
    ]
    found = audit(labels(*turns), DoorJudge(lambda _: True))
    assert found.refusal is not None
    pairs = [*found.annotators, *found.refusal_annotators]
    every = [found.overall, found.refusal, *found.by_category.values()]
    assert len(pairs) == 2
    for one in (*every, *(pair.agreement for pair in pairs)):
        assert one.accuracy.clusters == 6
    assert (found.asr.clusters, found.observed.clusters) == (6, 6)


def test_no_text_of_a_turn_and_no_code_is_printed() -> None:
    one = labelled(1, "\x1b[31m<b>|red|", ana=True)
    told = audit(labels(one), DoorJudge(lambda _: True))
    for text in (to_markdown(told), json.dumps(told.to_json())):
        assert "door 1" not in text
        assert "\x1b" not in text
    assert "<b>" not in to_markdown(told)


def test_an_empty_set_has_no_figures() -> None:
    found = audit(LabelSet(source="doors", revision="1", turns=()), replicas.never())
    assert (found.overall.n, found.truth) == (0, "nobody")
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["asr"]["value"] is None


def said(*words: str) -> Any:
    return CliRunner().invoke(app, ["judge", "audit", *words])


OPENS = "tests.benchmarks.labels.replicas:opens"


def test_the_command_takes_labels_of_any_kind(tmp_path: Path) -> None:
    rows = save(replicas.comparison(), tmp_path / "rows.csv")
    told = said("--labels", f"jailbreakbench:{rows}", "--judge", OPENS)
    assert told.exit_code == 0, told.output
    assert "test/door@1 against most of human1, human2, human3" in told.output
    assert "door 1" not in told.output
    files = []
    for name, second in (("ana", True), ("ben", False)):
        file = tmp_path / f"{name}.jsonl"
        both = (labelled(0, "default", **{name: True}), labelled(1, "default", **{name: second}))
        write_labels(file, labels(*both))
        files += ["--labels", str(file)]
    tree = json.loads(said(*files, "--judge", OPENS, "--json").stdout)
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
