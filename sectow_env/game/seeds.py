"""Seeds of the items of a call: those that were handed over, or the next ones of one's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MAX_SEED = 2**63 - 1
"""Seeds are drawn from 0 up to and without this."""


def draw_seeds(rng: np.random.Generator, count: int) -> list[int]:
    """The next seeds of a stream."""
    return [int(seed) for seed in rng.integers(MAX_SEED, size=count)]


class SeedQueue:
    """Seeds that hold for one call, with a stream of its own for calls that got none."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._next: list[int] | None = None

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the next call's items; see `sectow_env.game.Reseedable`."""
        self._next = list(seeds)

    def handed(self) -> list[int] | None:
        """The seeds that were handed over for this call; None where none were."""
        seeds, self._next = self._next, None
        return seeds or None

    def take(self, count: int) -> list[int]:
        """One seed per item of this call."""
        seeds = self.handed()
        return draw_seeds(self._rng, count) if seeds is None else seeds
