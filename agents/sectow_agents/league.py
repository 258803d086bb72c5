"""Whom an attacker trains against: the latest defender, or a mix with past ones.

An attacker that meets only the latest defender may drive it in circles: what an older defender
refused is found again. A share of past snapshots keeps the old holes in play.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from sectow_agents.config import LeagueSettings
from sectow_env.game import Attack, Defender, reseed

T = TypeVar("T")


def opponents(snapshots: Sequence[T], settings: LeagueSettings) -> list[tuple[T, float]]:
    """Which snapshots play, with their weights, which add up to 1.

    Args:
        snapshots: All of them, oldest first; the last one is the latest.
        settings: Share of the past, and how many of it.
    """
    *past, latest = snapshots
    chosen = past[-settings.keep :] if settings.past else []
    if not chosen:
        return [(latest, 1.0)]
    share = settings.past / len(chosen)
    return [*((snapshot, share) for snapshot in chosen), (latest, 1.0 - settings.past)]


def assemble(
    snapshots: Sequence[T], settings: LeagueSettings, load: Callable[[T], Defender], seed: int
) -> Defender:
    """The opponent of an attacker phase.

    Args:
        snapshots: All of them, oldest first.
        settings: Share of the past, and how many of it.
        load: Makes a policy of a snapshot.
        seed: Draws who answers which attack.
    """
    chosen = opponents(snapshots, settings)
    if len(chosen) == 1:
        return load(chosen[0][0])
    weights = [weight for _, weight in chosen]
    return MixedDefender([load(snapshot) for snapshot, _ in chosen], weights, seed)


class MixedDefender:
    """Answers each attack with one of several defenders, drawn by weight.

    Args:
        defenders: The policies.
        weights: Their probabilities.
        seed: Seeds the draws of attacks that come without a seed.
    """

    def __init__(self, defenders: Sequence[Defender], weights: Sequence[float], seed: int) -> None:
        self._defenders = list(defenders)
        self._bounds = np.cumsum(np.asarray(weights) / sum(weights))
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._seeds: list[int] | None = None

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the next call's items; they also decide who answers."""
        self._seeds = list(seeds)

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One response an attack, in order."""
        seeds, self._seeds = self._seeds, None
        if seeds is None:
            seeds = [int(seed) for seed in self._rng.integers(2**63 - 1, size=len(attacks))]
        chosen = [self._draw(seed) for seed in seeds]
        responses = [""] * len(attacks)
        for number, defender in enumerate(self._defenders):
            mine = [index for index, who in enumerate(chosen) if who == number]
            if not mine:
                continue
            reseed(defender, [seeds[index] for index in mine])
            answers = defender.respond([attacks[index] for index in mine])
            for index, answer in zip(mine, answers, strict=True):
                responses[index] = answer
        return responses

    def _draw(self, seed: int) -> int:
        # A stream of its own, so that who answers does not depend on what is answered.
        drawn = np.random.Generator(np.random.PCG64([seed, 1])).random()
        return min(int(np.searchsorted(self._bounds, drawn, side="right")), len(self._bounds) - 1)
