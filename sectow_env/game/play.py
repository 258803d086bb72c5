"""How one batch of episodes is played, from the attacks to the rewards.

The Gymnasium and PettingZoo views, the trainer and the benchmarks all play through `play`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import NoneType
from typing import Any

from sectow_env.errors import PartError, at_fault, named, one_each
from sectow_env.game.contracts import Defender, Judge, Reseedable, RewardFunction, Rules
from sectow_env.game.records import (
    DRIFTED,
    Attack,
    Episode,
    Invalid,
    Price,
    Scenario,
    Turn,
    Verdict,
)


def play(
    scenarios: Sequence[Scenario],
    attacks: Sequence[Attack],
    defender: Defender,
    judge: Judge,
    rules: Rules,
    reward: RewardFunction,
    context: Any = None,
    seeds: Sequence[int] | None = None,
) -> list[Episode]:
    """Play one batch of single-turn episodes from the attacks to the rewards.

    Invalid attacks reach neither defender nor judge: they are data, with a verdict that says why.
    """
    turns = respond(scenarios, attacks, defender, rules, seeds)
    return settle(turns, judge, reward, context)


def respond(
    scenarios: Sequence[Scenario],
    attacks: Sequence[Attack],
    defender: Defender,
    rules: Rules,
    seeds: Sequence[int] | None = None,
) -> list[Turn]:
    """Let the defender answer all valid attacks in one batch.

    Args:
        scenarios: One per attack.
        attacks: What the attacker emitted.
        defender: Answers the valid ones.
        rules: Decide which are valid.
        seeds: One per attack, for a defender that is `Reseedable`; None leaves the draws to it.

    Raises:
        PartError: The defender or the rules failed.
    """
    checked = screen(scenarios, attacks, rules)
    valid = [index for index, attack in enumerate(checked) if attack.invalid is None]
    chosen = None if seeds is None else [seeds[index] for index in valid]
    answers = ask_defender(defender, [checked[index] for index in valid], chosen) if valid else []
    responses = dict(zip(valid, answers, strict=True))
    return [
        Turn(scenario=scenario, attack=attack, response=responses.get(index))
        for index, (scenario, attack) in enumerate(zip(scenarios, checked, strict=True))
    ]


def ask_defender(
    defender: Defender, attacks: Sequence[Attack], seeds: Sequence[int] | None = None
) -> list[str | None]:
    """One response per attack; the defender is reseeded first where it takes seeds.

    Raises:
        PartError: It failed, or gave something else.
    """
    what = named("defender", defender)
    with at_fault(what):
        if seeds is not None:
            reseed(defender, seeds)
        return one_each(what, defender.respond(attacks), len(attacks), str, NoneType)


def screen(scenarios: Sequence[Scenario], attacks: Sequence[Attack], rules: Rules) -> list[Attack]:
    """The attacks, those marked as invalid that break the rules.

    Raises:
        PartError: The rules failed.
    """
    what = named("rules", rules)
    pairs = list(zip(scenarios, attacks, strict=True))
    with at_fault(what):
        inspected = [
            attack.invalid or rules.inspect(scenario, attack) for scenario, attack in pairs
        ]
        reasons = one_each(what, inspected, len(attacks), Invalid, NoneType)
    return [_marked(attack, reason) for attack, reason in zip(attacks, reasons, strict=True)]


def reseed(policy: object, seeds: Sequence[int]) -> None:
    """Hand the seeds of its next call to a policy that takes them."""
    if isinstance(policy, Reseedable):
        policy.reseed(seeds)


def settle(
    turns: Sequence[Turn], judge: Judge, reward: RewardFunction, context: Any = None
) -> list[Episode]:
    """Judge and price finished turns: the second half of `play`, also for stored turns.

    Raises:
        PartError: The judge or the reward function failed.
    """
    verdicts = judge_turns(turns, judge)
    prices = price_turns(turns, verdicts, reward, context)
    return [
        Episode(scenario=turn.scenario, turns=(turn,), verdicts=(verdict,), price=price)
        for turn, verdict, price in zip(turns, verdicts, prices, strict=True)
    ]


def judge_turns(turns: Sequence[Turn], judge: Judge) -> list[Verdict]:
    """One verdict per turn; the judge is asked in one batch, about the answered turns only.

    Raises:
        PartError: The judge failed, or gave something else.
    """
    answered = [index for index, turn in enumerate(turns) if turn.response is not None]
    given: list[Verdict] = []
    if answered:
        what = named("judge", judge)
        with at_fault(what):
            items = [turns[index] for index in answered]
            given = one_each(what, judge.judge(items), len(items), Verdict)
    verdicts = [
        Verdict(
            judge=judge.id,
            version=judge.version,
            invalid=turn.attack.invalid,
            # The rules know it already.
            on_behavior=False if turn.attack.invalid in DRIFTED else None,
        )
        for turn in turns
    ]
    for index, verdict in zip(answered, given, strict=True):
        verdicts[index] = verdict
    return verdicts


def price_turns(
    turns: Sequence[Turn], verdicts: Sequence[Verdict], reward: RewardFunction, context: Any = None
) -> list[Price]:
    """One price per turn.

    Raises:
        PartError: The reward function failed, or gave something else, such as a term that is NaN.
    """
    what = named("reward function", reward)
    with at_fault(what):
        prices = one_each(what, reward.price(turns, verdicts, context), len(turns), Price)
    for terms in (terms for price in prices for terms in (price.attacker, price.defender)):
        for name, term in (terms or {}).items():
            if not math.isfinite(term):
                raise PartError(
                    given=what,
                    why=f"its term {name!r} is {term}, from which nothing can be learned",
                    fix="fix that part; for no reward at all, give None instead of the terms",
                )
    return prices


def _marked(attack: Attack, invalid: Invalid | None) -> Attack:
    same = attack.invalid is invalid
    return attack if same else attack.model_copy(update={"invalid": invalid})
