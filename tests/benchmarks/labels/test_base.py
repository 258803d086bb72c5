"""The one form of labels: majorities, keys, and sets put together."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sectow_benchmarks.labels.base import ByAnnotator, LabelledTurn, key_of_turn, majority, merge
from sectow_env.errors import ConfigError
from sectow_env.game.picture import Picture
from tests.benchmarks.labels.replicas import labelled, labels, turn

LABELS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from([True, False, None]))


def by_counting(labels: ByAnnotator) -> bool | None:
    """The majority, computed independently."""
    counts = Counter(labels.values())
    if counts[True] == counts[False]:
        return None
    return counts[True] > counts[False]


@given(LABELS)
def test_the_truth_is_what_most_say(labels: dict[str, bool | None]) -> None:
    assert majority(labels) is by_counting(labels)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda labels: any(labels.values()),
        lambda labels: 2 * sum(map(bool, labels.values())) > len(labels),
        lambda labels: majority(labels) or False,
    ],
)
def test_a_majority_that_takes_silence_for_no_is_seen(mutant: object) -> None:
    assert callable(mutant)
    cases: list[dict[str, bool | None]] = [
        {"a": True, "b": False},
        {"a": True, "b": None, "c": None},
        {"a": None},
        {},
    ]
    assert any(mutant(case) is not by_counting(case) for case in cases)


def test_a_turn_without_a_response_cannot_be_labelled() -> None:
    silent = turn(1).model_copy(update={"response": None})
    with pytest.raises(ValidationError, match="without a response"):
        LabelledTurn(turn=silent, labels={"ana": True}, cluster="x")


@pytest.mark.parametrize("value", [1, "yes", 0.0])
def test_a_label_is_true_false_or_none(value: object) -> None:
    with pytest.raises(ValidationError):
        LabelledTurn.model_validate(
            {"turn": turn(1).model_dump(), "labels": {"ana": value}, "cluster": "x"}
        )


def test_labels_of_one_turn_come_together() -> None:
    first = labels(labelled(1, ana=True), labelled(2, ana=False))
    second = labels(labelled(2, ben=True), labelled(3, ben=None))
    merged = merge([first, second])
    assert [dict(labelled_turn.labels) for labelled_turn in merged.turns] == [
        {"ana": True},
        {"ana": False, "ben": True},
        {"ben": None},
    ]
    assert merged.annotators == ("ana", "ben")
    assert merge([first]) == first
    assert [labelled_turn.harmful for labelled_turn in merged.turns] == [True, None, None]


def test_labels_that_do_not_go_together_are_refused() -> None:
    first = labels(labelled(1, ana=True))
    with pytest.raises(ConfigError, match="neither"):
        merge([first, first.model_copy(update={"revision": "2"})])
    with pytest.raises(ConfigError, match="they differ"):
        merge([first, labels(labelled(1, ana=False))])
    with pytest.raises(ConfigError, match="no labels"):
        merge([])


def test_the_key_is_that_of_all_that_was_seen() -> None:
    first = turn(1)
    others = [
        turn(2),
        turn(1, "it stays shut"),
        first.model_copy(update={"attack": first.attack.model_copy(update={"query": "hum"})}),
    ]
    pictures = [Picture(np.full((4, 4, 3), value, np.uint8)) for value in (1, 2)]
    for shown in pictures:
        for part in ("attack", "scenario"):
            changed = getattr(first, part).model_copy(update={"image": shown})
            others.append(first.model_copy(update={part: changed}))
    assert key_of_turn(first) == key_of_turn(turn(1))
    assert len({key_of_turn(each) for each in (first, *others)}) == 8
    again = Picture.from_bytes(pictures[-1].png)
    same = first.model_copy(update={"scenario": first.scenario.model_copy(update={"image": again})})
    assert key_of_turn(same) == key_of_turn(others[-1])
