"""Episodes of several turns: what is remembered, when it ends, what it pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from sectow_env.errors import at_fault, named, one_each
from sectow_env.game.contracts import Attacker, FollowsUp
from sectow_env.game.play import reseed
from sectow_env.game.records import (
    Attack,
    Exchange,
    Frozen,
    Price,
    Scenario,
    Seat,
    Turn,
    Verdict,
)
from sectow_env.game.success import is_success

Pay = Literal["end", "turn"]
"""`end`: an episode pays what its last turn is worth. `turn`: each turn pays at once."""


class Played(Frozen):
    """One turn of an episode, with its verdict and its price."""

    turn: Turn
    verdict: Verdict
    price: Price


def history_of(played: Sequence[Played]) -> tuple[Exchange, ...]:
    """What both seats remember: the turns that have a response."""
    return tuple(
        Exchange(
            query=entry.turn.attack.query,
            image=entry.turn.attack.image,
            drawn=entry.turn.attack.drawn,
            response=entry.turn.response,
        )
        for entry in played
        if entry.turn.response is not None
    )


def ask_attacker(
    attacker: Attacker,
    scenarios: Sequence[Scenario],
    histories: Sequence[Sequence[Exchange]],
    seeds: Sequence[int] | None = None,
) -> list[Attack]:
    """One attack per scenario; an attacker that follows up is shown the earlier turns.

    Args:
        attacker: Is reseeded first where it takes seeds.
        scenarios: What is to be attacked.
        histories: One per scenario, empty in the first turn.
        seeds: One per scenario; None leaves the draws to the attacker.

    Raises:
        PartError: It failed, or gave something else.
    """
    what = named("attacker", attacker)
    with at_fault(what):
        if seeds is not None:
            reseed(attacker, seeds)
        if isinstance(attacker, FollowsUp):
            emitted = attacker.follow_up(scenarios, histories)
        else:
            emitted = attacker.attack(scenarios)
        return one_each(what, emitted, len(scenarios), Attack)


def is_decided(last: Played) -> bool:
    """Whether a turn ends its episode by itself.

    It does when the attack succeeds or a benign answer is correct, when the attack is invalid, and
    when the defender failed.
    """
    verdict = last.verdict
    given = is_success(last.turn, verdict) or verdict.correct is True
    return given or verdict.invalid is not None or last.turn.response is None


def total(prices: Sequence[Price]) -> Price:
    """Prices added up term by term; a seat without any price has None."""
    return Price(
        attacker=_summed([price.attacker for price in prices]),
        defender=_summed([price.defender for price in prices]),
    )


def turn_seeds(seeds: Mapping[Seat, int], turn: int) -> dict[Seat, int]:
    """The seeds of a turn, from those of its episode; the first turn has the episode's own."""
    if turn == 0:
        return dict(seeds)
    return {
        seat: int(np.random.SeedSequence([seed, turn]).generate_state(1, np.uint64)[0] >> 1)
        for seat, seed in seeds.items()
    }


def _summed(parts: Sequence[Mapping[str, float] | None]) -> dict[str, float] | None:
    known = [part for part in parts if part is not None]
    names = dict.fromkeys(name for part in known for name in part)
    return {name: sum(part.get(name, 0.0) for part in known) for name in names} if known else None
