"""Opponents that are several policies: who acts is drawn by weight, item by item."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Attacker, Defender, Exchange, Scenario, ask_defender
from sectow_env.game.conversation import ask_attacker
from sectow_env.game.seeds import SeedQueue
from sectow_env.game.world import ServesChannels

P = TypeVar("P")


class _Share(NamedTuple, Generic[P]):
    policy: P
    items: list[int]
    seeds: list[int]


class _Mix(Generic[P]):
    """Who acts on which item; with seeds handed over, they decide.

    Args:
        policies: The policies.
        weights: Their probabilities, in any scale; default: equal ones.
        seed: Seeds the draws of items that come without a seed.

    Raises:
        ConfigError: The weights fit no policies, or are no weights.
    """

    def __init__(
        self, policies: Sequence[P], weights: Sequence[float] | None = None, seed: int = 0
    ) -> None:
        shares = [1.0] * len(policies) if weights is None else list(weights)
        bad = [share for share in shares if not (math.isfinite(share) and share >= 0)]
        if not policies or len(shares) != len(policies) or bad or sum(shares) <= 0:
            raise ConfigError(
                given=f"{len(policies)} policies with the weights {shares}",
                why="there is at least one policy, and each has a weight of 0 or more, not all 0",
                fix="give one weight per policy, or leave them out",
            )
        self.policies = list(policies)
        self._bounds = np.cumsum(np.asarray(shares) / sum(shares))
        self._seeds = SeedQueue(seed)

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the next call's items; they also decide who acts."""
        self._seeds.reseed(seeds)

    def _shared_out(self, count: int) -> list[_Share[P]]:
        """Which items each policy gets, with their seeds; those that get none are left out."""
        seeds = self._seeds.take(count)
        chosen = [self._draw(seed) for seed in seeds]
        shares = []
        for number, policy in enumerate(self.policies):
            mine = [index for index, who in enumerate(chosen) if who == number]
            if mine:
                shares.append(_Share(policy, mine, [seeds[index] for index in mine]))
        return shares

    def _draw(self, seed: int) -> int:
        # A stream of its own, so that who acts does not depend on what is done.
        drawn = np.random.Generator(np.random.PCG64([seed, 1])).random()
        return min(int(np.searchsorted(self._bounds, drawn, side="right")), len(self._bounds) - 1)


class MixedDefender(_Mix[Defender]):
    """Answers each attack with one of several defenders."""

    def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
        """One response per attack, in order."""
        responses: list[str | None] = [None] * len(attacks)
        for policy, mine, seeds in self._shared_out(len(attacks)):
            answers = ask_defender(policy, [attacks[index] for index in mine], seeds)
            for index, answer in zip(mine, answers, strict=True):
                responses[index] = answer
        return responses


class MixedAttacker(_Mix[Attacker]):
    """Attacks each scenario with one of several attackers."""

    @property
    def served_channels(self) -> tuple[str | None, ...] | None:
        """The channels that all of them serve; None where none of them is choosy.

        Where they have none in common, scenarios leave the channel to whoever attacks: `(None,)`.
        """
        served = [
            set(policy.served_channels)
            for policy in self.policies
            if isinstance(policy, ServesChannels)
        ]
        limits = [channels for channels in served if channels]
        if not limits:
            return None
        return tuple(sorted(set.intersection(*limits), key=str)) or (None,)

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack per scenario, in order."""
        return self.follow_up(scenarios, [()] * len(scenarios))

    def follow_up(
        self, scenarios: Sequence[Scenario], histories: Sequence[Sequence[Exchange]]
    ) -> list[Attack]:
        """One attack per scenario, in order; attackers that follow up read the earlier turns."""
        attacks: dict[int, Attack] = {}
        for policy, mine, seeds in self._shared_out(len(scenarios)):
            items = [scenarios[index] for index in mine]
            shown = [histories[index] for index in mine]
            attacks.update(zip(mine, ask_attacker(policy, items, shown, seeds), strict=True))
        return [attacks[index] for index in range(len(scenarios))]
