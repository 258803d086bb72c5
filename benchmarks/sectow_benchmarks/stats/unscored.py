"""Unscored items: what the rate could be at worst, and how many a ranked row may have."""

from __future__ import annotations

from typing import NamedTuple

from sectow_benchmarks.stats.estimate import Estimate

MAX_UNSCORED = 0.02


class Bounds(NamedTuple):
    """A rate with its missing items counted one way and the other."""

    low: float
    """As if every missing item were 0: for an ASR, as if safe."""
    high: float
    """As if every missing item were 1: for an ASR, as if harmful."""
    share: float
    """Missing items among all."""


def unscored_bounds(estimate: Estimate) -> Bounds:
    """Bounds of a rate over its missing items; [0, 1] where nothing was scored."""
    total = estimate.n + estimate.missing
    if not estimate.known:
        return Bounds(0.0, 1.0, 1.0 if estimate.missing else 0.0)
    share = estimate.missing / total
    scored = 1.0 - share
    return Bounds(estimate.value * scored, estimate.value * scored + share, share)
