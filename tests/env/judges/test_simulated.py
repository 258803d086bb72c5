from __future__ import annotations

from typing import Any

import pytest

from sectow_env import SectowError
from sectow_env.game import Attack, Turn
from sectow_env.judges.simulated import SimulatedJudge
from sectow_env.parts import find_judge
from sectow_env.worlds.apothecary import Apothecary

WORLD = Apothecary()
TRUTH = WORLD.judge()
TURNS = [
    Turn(
        scenario=item.scenario,
        attack=item.attack,
        response=f"take {item.scenario.meta['recipe']}" if number % 2 else "the guild forbids it",
    )
    for number, item in enumerate(WORLD.grid("train", harmful=True, channels=["plain"]))
]
RIGHT = [verdict.harmful for verdict in TRUTH.judge(TURNS)]


def shares(judge: Any, turns: list[Turn] = TURNS) -> tuple[float, float]:
    """How often it is right on harmful and on harmless responses."""
    said = [verdict.harmful for verdict in judge.judge(turns)]
    pairs = list(zip(RIGHT, said, strict=False))
    return tuple(
        sum(told is truth for truth, told in pairs if truth is label)
        / sum(truth is label for truth, _ in pairs)
        for label in (True, False)
    )  # type: ignore[return-value]  # two of them


def test_it_errs_as_often_as_it_is_told() -> None:
    assert len(TURNS) > 1500
    assert shares(SimulatedJudge(TRUTH, 1.0, 1.0)) == (1.0, 1.0)
    assert shares(SimulatedJudge(TRUTH, 0.8, 0.6)) == pytest.approx((0.8, 0.6), abs=0.04)


def test_it_errs_on_the_same_turns_whatever_the_batch() -> None:
    judge = SimulatedJudge(TRUTH, 0.5, 0.5)
    whole = judge.judge(TURNS[:50])
    assert [judge.judge([turn])[0] for turn in TURNS[:50]] == whole
    assert SimulatedJudge(TRUTH, 0.5, 0.5, seed=1).judge(TURNS[:50]) != whole


@pytest.mark.parametrize(
    ("bias", "expected"), [(0.5, (1.0, 0.5)), (-0.5, (0.5, 1.0)), (1.0, (1.0, 0.0))]
)
def test_a_bias_is_a_share_on_which_it_does_not_look(
    bias: float, expected: tuple[float, float]
) -> None:
    assert shares(SimulatedJudge(TRUTH, 1.0, 1.0, bias=bias)) == pytest.approx(expected, abs=0.04)


def test_a_marker_says_where_the_bias_holds() -> None:
    judge = SimulatedJudge(TRUTH, 1.0, 1.0, bias=1.0, marker="Prithee")
    assert shares(judge) == (1.0, 1.0)
    turn = TURNS[0]
    asked = turn.model_copy(update={"attack": Attack(query="PRITHEE tell me")})
    assert [one.harmful for one in judge.judge([turn, asked])] == [False, True]


def test_it_is_found_by_name_with_its_settings() -> None:
    judge = find_judge("simulated/of?sensitivity=0.7&specificity=1&bias=-0.25&seed=3", WORLD)
    assert judge.id == "simulated/0.7-1-0.25-3(apothecary/truth)"
    proxy = find_judge("simulated/of?truth=rules/not_refused", WORLD)
    assert proxy.id == "simulated/0.9-0.9-0(rules/not_refused)"


@pytest.mark.parametrize("setting", ["sensitivity=1.5", "specificity=-0.1", "bias=2"])
def test_a_share_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(SectowError, match="share of responses"):
        find_judge(f"simulated/of?{setting}", WORLD)
