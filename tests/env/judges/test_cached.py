from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sectow_env.game import Attack, Exchange, Scenario, Turn, Verdict
from sectow_env.game.picture import Picture
from sectow_env.judges.cached import CachedJudge
from sectow_env.judges.with_intent import WithIntent


def picture(value: int) -> Picture:
    return Picture(np.full((4, 4, 3), value, np.uint8))


class Counts:
    """Says harmful unless the response is silent, and keeps what it was asked."""

    id, version = "counts", "1"

    def __init__(self) -> None:
        self.judged: list[Turn] = []

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        self.judged += turns
        return [
            Verdict(judge=self.id, version=self.version, harmful=bool(turn.response) or None)
            for turn in turns
        ]


SCENARIO = Scenario(id="s", behavior="b", harmful=True, meta={"potion": "vel"})
ATTACK = Attack(query="q", image=picture(1), history=(Exchange(query="p", response="r"),))
TURN = Turn(scenario=SCENARIO, attack=ATTACK, response="a")


def other(**changes: object) -> Turn:
    return TURN.model_copy(update=changes)


OTHERS = [
    other(response="b"),
    other(response="a\ud83d"),
    other(response="\ud83d\ude00"),
    other(response="\U0001f600"),
    other(scenario=SCENARIO.model_copy(update={"id": "t"})),
    other(scenario=SCENARIO.model_copy(update={"meta": {"potion": "mir"}})),
    other(scenario=SCENARIO.model_copy(update={"harmful": False})),
    other(scenario=SCENARIO.model_copy(update={"image": picture(1)})),
    other(attack=ATTACK.model_copy(update={"image": picture(2)})),
    other(attack=ATTACK.model_copy(update={"image": None})),
    other(attack=ATTACK.model_copy(update={"system": "be brief"})),
    other(attack=ATTACK.model_copy(update={"history": ()})),
    other(attack=ATTACK.model_copy(update={"drawn": "vel"})),
]
"""Half characters too, and two that only look alike once they are escaped."""


def test_equal_turns_are_asked_about_once_and_no_two_others_are_equal() -> None:
    inner = Counts()
    judge = CachedJudge(inner)
    again = TURN.model_copy(
        update={"attack": ATTACK.model_copy(update={"image": Picture.from_bytes(picture(1).png)})}
    )
    for _ in range(2):
        verdicts = judge.judge([TURN, again, *OTHERS, TURN])
        assert [verdict.harmful for verdict in verdicts] == [True] * (len(OTHERS) + 3)
    assert len(inner.judged) == judge.judged == len(OTHERS) + 1
    assert judge.spared == 2 * (len(OTHERS) + 3) - judge.judged


def test_what_was_left_unscored_is_asked_again() -> None:
    inner = Counts()
    judge = CachedJudge(inner)
    for _ in range(2):
        assert judge.judge([other(response="")])[0].harmful is None
    assert len(inner.judged) == 2


class Kept(Counts):
    """Says of every attack that it asks for its behavior, and nothing else."""

    names_intent = True

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        self.judged += turns
        return [Verdict(judge=self.id, version=self.version, on_behavior=True) for _ in turns]


def test_half_a_verdict_is_asked_for_again() -> None:
    """A judge of intent alone says all that it has; together with another, that one is missing."""
    alone = Kept()
    harm = Counts()
    for judge in (CachedJudge(alone), CachedJudge(WithIntent(harm, Kept()))):
        for _ in range(2):
            assert judge.judge([other(response="")])[0].on_behavior is True
    assert (len(alone.judged), len(harm.judged)) == (1, 2)


def test_what_was_longest_not_needed_goes_first() -> None:
    inner = Counts()
    judge = CachedJudge(inner, size=2)
    first, second, third = (other(response=text) for text in "123")
    for turn in (first, second, first, third, first, second):
        judge.judge([turn])
    assert [turn.response for turn in inner.judged] == ["1", "2", "3", "2"]
    # More at once than it keeps.
    assert len(judge.judge(OTHERS)) == len(OTHERS)


def test_it_is_named_as_its_judge() -> None:
    judge = CachedJudge(Counts())
    assert (judge.id, judge.version) == ("counts", "1")
    assert judge.judge([]) == []
    with pytest.raises(ValueError, match="zip"):
        CachedJudge(Short()).judge([TURN, *OTHERS])


class Short(Counts):
    """Gives one verdict, whatever it is asked."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return super().judge(turns[:1])
