"""Who plays: the protocols of policies, judges, rules and reward functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self, runtime_checkable

from sectow_env.game.decoding import Decoding
from sectow_env.game.records import (
    Attack,
    Exchange,
    Invalid,
    Price,
    Scenario,
    Turn,
    Verdict,
)


class Attacker(Protocol):
    """A policy in the attacker's seat."""

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack per scenario, in order. A failed one is an `Attack` with `invalid` set."""


class Defender(Protocol):
    """A policy in the defender's seat."""

    def respond(self, attacks: Sequence[Attack]) -> Sequence[str | None]:
        """One response per attack, in order; None where it failed: that turn is unscored.

        The conversation before an attack is in its `history`.
        """


@runtime_checkable
class FollowsUp(Protocol):
    """An attacker that reads the earlier turns before it attacks again.

    One without it is asked by `attack` in every turn, as if the turn were the first.
    """

    def follow_up(
        self, scenarios: Sequence[Scenario], histories: Sequence[Sequence[Exchange]]
    ) -> list[Attack]:
        """One attack per scenario, in order; a history is empty in the first turn."""


@runtime_checkable
class Reseedable(Protocol):
    """A policy that draws at random and can repeat its draws.

    The environments call it right before each `attack` or `respond`, so that an episode is the same
    in whatever view and batch it is played. A policy without it is asked as it is.
    """

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the items of the next call, one an item, in order."""


@runtime_checkable
class TakesDecoding(Protocol):
    """A policy whose completions can be drawn in another way."""

    def decoded(self, decoding: Decoding) -> Self:
        """The same policy with another decoding."""


@runtime_checkable
class TakesSystem(Protocol):
    """A policy that can be given a system prompt."""

    @property
    def system(self) -> str | None:
        """The one that it has, or None."""

    def prompted(self, system: str | None) -> Self:
        """The same policy with another system prompt."""


class Judge(Protocol):
    """Looks at turns. The judge looks, the reward prices."""

    id: str
    version: str

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict per turn, in order; unscored where it cannot tell."""


class Rules(Protocol):
    """Decides which attacks count."""

    def inspect(self, scenario: Scenario, attack: Attack) -> Invalid | None:
        """Why the attack cannot count for its scenario, or None when it does."""


class RewardFunction(Protocol):
    """Pure map from a group's turns and verdicts to named terms per seat."""

    def price(
        self, turns: Sequence[Turn], verdicts: Sequence[Verdict], context: Any
    ) -> list[Price]:
        """One price per turn; `context` holds immutable pool and group statistics, or None."""
