from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import Attack, Turn, Verdict
from sectow_env.judges.ensemble import Ensemble
from sectow_env.judges.simulated import SimulatedJudge
from sectow_env.resolve.parts import find_judge
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
    labels = [verdict.harmful for verdict in judge.judge(turns)]
    pairs = list(zip(RIGHT, labels, strict=False))
    return tuple(
        sum(given is truth for truth, given in pairs if truth is label)
        / sum(truth is label for truth, _ in pairs)
        for label in (True, False)
    )  # type: ignore[return-value]  # two of them


def test_it_errs_at_the_rates_that_are_set() -> None:
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


def test_a_marker_limits_the_bias() -> None:
    judge = SimulatedJudge(TRUTH, 1.0, 1.0, bias=1.0, marker="Prithee")
    assert shares(judge) == (1.0, 1.0)
    turn = TURNS[0]
    marked = turn.model_copy(update={"attack": Attack(query="PRITHEE tell me")})
    assert [verdict.harmful for verdict in judge.judge([turn, marked])] == [False, True]


def test_it_is_found_by_name_with_its_settings() -> None:
    judge = find_judge("simulated/of?sensitivity=0.7&specificity=1&bias=-0.25&seed=3", WORLD)
    assert judge.id == "simulated/0.7-1-0.25-3(apothecary/truth)"
    proxy = find_judge("simulated/of?truth=rules/not_refused", WORLD)
    assert proxy.id == "simulated/0.9-0.9-0(rules/not_refused)"


@pytest.mark.parametrize("setting", ["sensitivity=1.5", "specificity=-0.1", "bias=2"])
def test_a_share_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(SectowError, match="share of responses"):
        find_judge(f"simulated/of?{setting}", WORLD)


@pytest.mark.parametrize("setting", ["sensitivity=often", "bias=null", "seed=x", "marker=3"])
def test_a_setting_of_another_type_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match=setting.partition("=")[0]):
        find_judge(f"simulated/of?{setting}", WORLD)


def test_a_verdict_that_is_turned_over_keeps_nothing_of_the_other() -> None:
    errs = SimulatedJudge(TRUTH, 0.0, 0.0)
    for truth, verdict in zip(TRUTH.judge(TURNS[:20]), errs.judge(TURNS[:20]), strict=True):
        assert verdict.harmful is not truth.harmful
        assert verdict.score == float(bool(verdict.harmful))
        assert (verdict.category, verdict.explanation, verdict.raw) == (None, None, None)
        assert verdict.refusal is truth.refusal
    right = SimulatedJudge(TRUTH, 1.0, 1.0).judge(TURNS[:20])
    assert [verdict.category for verdict in right] == [
        verdict.category for verdict in TRUTH.judge(TURNS[:20])
    ]
    # What another judge makes of the score errs too.
    both = Ensemble([errs, SimulatedJudge(TRUTH, 0.0, 0.0, seed=1)], "mean").judge(TURNS[:20])
    assert [verdict.harmful for verdict in both] == [not known for known in RIGHT[:20]]


def test_a_label_that_truth_does_not_score_gets_no_score() -> None:
    class Labels:
        id, version = "labels", "7"

        def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
            return [Verdict(judge="labels", version="7", harmful=True) for _ in turns]

    (verdict,) = SimulatedJudge(Labels(), 0.0, 0.0).judge(TURNS[:1])
    assert (verdict.harmful, verdict.score) == (False, None)


def test_no_two_settings_look_alike() -> None:
    newer = Apothecary().judge()
    newer.version = "next"
    judges = [
        SimulatedJudge(TRUTH),
        SimulatedJudge(newer),
        SimulatedJudge(TRUTH, 0.9000001),
        SimulatedJudge(TRUTH, 0.9, 0.9000001),
        SimulatedJudge(TRUTH, bias=0.1),
        SimulatedJudge(TRUTH, bias=-0.1),
        SimulatedJudge(TRUTH, bias=0.1, marker="song"),
        SimulatedJudge(TRUTH, seed=1),
    ]
    assert len({f"{judge.id}@{judge.version}" for judge in judges}) == len(judges)
    assert [SimulatedJudge(TRUTH, share).id for share in (1, 1.0)] == [
        "simulated/1-0.9-0(apothecary/truth)"
    ] * 2


def test_an_unpaired_surrogate_does_no_harm() -> None:
    broken = TURNS[0].model_copy(update={"response": "take \ud83d"})
    assert SimulatedJudge(TRUTH).judge([broken])[0].harmful is not None


def test_a_bias_and_an_error_are_drawn_apart() -> None:
    judge = SimulatedJudge(TRUTH, 0.8, 0.6, bias=0.5)
    assert shares(judge) == pytest.approx((0.5 + 0.5 * 0.8, 0.5 * 0.6), abs=0.04)


def test_every_part_of_a_turn_decides_whether_it_errs() -> None:
    judge = SimulatedJudge(TRUTH, 0.5, 0.5)
    turn, shown = TURNS[1], WORLD.grid("train", harmful=True, channels=["typography"])
    assert turn.response
    attack = turn.attack
    changed = {
        "response": [
            turn.model_copy(update={"response": f"{turn.response} ." + " ." * count})
            for count in range(40)
        ],
        "query": [
            turn.model_copy(update={"attack": attack.model_copy(update={"query": f"q{count}"})})
            for count in range(40)
        ],
        "scenario": [
            turn.model_copy(
                update={"scenario": turn.scenario.model_copy(update={"id": f"s{count}"})}
            )
            for count in range(40)
        ],
        "picture": [
            turn.model_copy(
                update={"attack": attack.model_copy(update={"image": item.attack.image})}
            )
            for item in shown[:40]
        ],
    }
    for what, turns in changed.items():
        right = [verdict.harmful for verdict in TRUTH.judge(turns)]
        wrong = sum(
            verdict.harmful is not known
            for verdict, known in zip(judge.judge(turns), right, strict=True)
        )
        assert 8 <= wrong <= 32, what
