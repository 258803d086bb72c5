"""Comparing methods over few seeds or worlds: a bootstrap over both levels.

With few runs a rank test cannot speak: over 5 paired runs neither a sign test nor Wilcoxon's can go
under p = 0.0625. Here runs are resampled, and within each drawn run its clusters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sectow_benchmarks.stats.estimate import LEVEL, Estimate
from sectow_benchmarks.stats.table import Floats

DRAWS = 4000
_STREAM = 20250723
METHOD = "hierarchical-bootstrap"
WORDS = f"of a comparison of methods, {DRAWS} resamples of runs, and of whole clusters within each"


@dataclass(frozen=True)
class Comparison:
    """One method against another."""

    change: Estimate
    """Mean over runs of the mean paired change over clusters; `n` counts clusters over all runs and
    `clusters` the runs."""
    favoured: float
    """Share of draws in which the change is below 0; for an ASR, in which the first is safer."""
    smallest_p: float
    """The least p-value that a two-sided sign test over these runs could give: 2^(1 - runs)."""


def compare_methods(
    first: Mapping[str, Sequence[float]], second: Mapping[str, Sequence[float]], *, seed: int = 0
) -> Comparison:
    """The change from the second method to the first, paired by run and cluster.

    Args:
        first: By run (a seed, or a world): the rate in each cluster, in the order of `second`.
        second: The same runs and clusters.
        seed: Of the resampling.

    Raises:
        ValueError: Runs or clusters differ, or there are fewer than two runs.
    """
    if set(first) != set(second) or len(first) < 2:
        raise ValueError("methods are compared over the same runs, of which there are at least two")
    changes: list[Floats] = []
    for run, values in first.items():
        new, old = (np.asarray(scores, dtype=np.float64) for scores in (values, second[run]))
        if new.shape != old.shape or not new.size:
            raise ValueError(
                f"run {run!r} has {len(new)} clusters of one and {len(old)} of another"
            )
        changes.append(new - old)
    rng = np.random.Generator(np.random.PCG64([_STREAM, seed]))
    # Clusters of each run, resampled; then runs are drawn among them, draw by draw.
    inner = np.stack([_means(change, rng) for change in changes])
    drawn = rng.integers(len(changes), size=(len(changes), DRAWS))
    totals = np.take_along_axis(inner, drawn, axis=0).mean(axis=0)
    tail = (1.0 - LEVEL) / 2
    low, high = np.quantile(totals, [tail, 1.0 - tail])
    value = float(np.mean([change.mean() for change in changes]))
    count = sum(map(len, changes))
    change = Estimate(
        value, min(float(low), value), max(float(high), value), count, len(changes), 0,
        METHOD,
    )  # fmt: skip
    return Comparison(change, float((totals < 0).mean()), 2.0 ** (1 - len(changes)))


def _means(changes: Floats, rng: np.random.Generator) -> Floats:
    """Means of resampled clusters, one per draw."""
    weights = rng.multinomial(len(changes), np.full(len(changes), 1 / len(changes)), DRAWS)
    return np.asarray(weights @ changes / len(changes), dtype=np.float64)
