"""How often intervals contain the truth: exact for independent items, simulated for clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sectow_benchmarks.stats.clustered import rate
from sectow_benchmarks.stats.estimate import LEVEL

CANDIDATES = ("beta", "wilson", "agresti_coull", "jeffreys")
"""Methods of statsmodels; `beta` is Clopper and Pearson's, the one in use."""
RATES = (0.0, 0.01, 0.05, 0.5)
SIZES = (50, 75, 100, 200, 500, 1000, 5000)
FINE = np.linspace(0.0, 0.5, 201)
ICC = 0.3
CLUSTERS = (4, 8, 12, 20, 30, 50)
CLUSTER_SIZES = (4, 10, 40)
CLUSTERED_RATES = (0.01, 0.05, 0.1, 0.3, 0.5)
RESAMPLES = 999
_STREAM = 20250724

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]


class SingleRow(NamedTuple):
    """Exact coverage of one method for one n."""

    method: str
    n: int
    at_rates: tuple[float, ...]
    """Coverage at each of `RATES`."""
    worst: float
    """Least coverage over a fine grid of rates from 0 to 0.5."""
    least_width: float
    widest: float
    """Largest width as a multiple of Wilson's, over all numbers of successes."""


class ClusteredRow(NamedTuple):
    """Simulated coverage for one number of clusters."""

    clusters: int
    size: int
    rate: float
    covered: float
    width: float
    bootstrap_covered: float
    """The same draws by resampling clusters (percentile)."""
    bootstrap_width: float


def single_table(
    methods: Sequence[str] = CANDIDATES, sizes: Sequence[int] = SIZES
) -> list[SingleRow]:
    """Exact coverage of the candidates, by binomial sums."""
    rows = []
    for method in methods:
        for n in sizes:
            ends, wilson = _ends(method, n), _ends("wilson", n)
            width = ends[1] - ends[0]
            rows.append(
                SingleRow(
                    method,
                    n,
                    tuple(_covered(ends, n, share) for share in RATES),
                    min(_covered(ends, n, share) for share in FINE),
                    float(width.min()),
                    float((width / (wilson[1] - wilson[0])).max()),
                )
            )
    return rows


def _ends(method: str, n: int) -> Ends:
    from statsmodels.stats.proportion import proportion_confint

    counts = np.arange(n + 1)
    low, high = proportion_confint(counts, n, alpha=1.0 - LEVEL, method=method)
    low, high = (
        np.clip(np.nan_to_num(low, nan=0.0), 0, 1),
        np.clip(np.nan_to_num(high, nan=1.0), 0, 1),
    )
    return low, high


def _covered(ends: Ends, n: int, share: float) -> float:
    from scipy.stats import binom

    held = (ends[0] <= share + 1e-12) & (share - 1e-12 <= ends[1])
    return float(binom.pmf(np.arange(n + 1), n, share)[held].sum())


def clustered_table(
    draws: int, seed: int, advance: Callable[[int], None], resampled: bool = True
) -> Iterator[ClusteredRow]:
    """Coverage over simulated beta-binomial clusters with an intraclass correlation of 0.3.

    Args:
        draws: Simulated data sets per cell.
        seed: Of the simulation.
        advance: Called with 1 after every cell.
        resampled: Also resample clusters, for comparison.
    """
    for number, (m, size, share) in enumerate(cells()):
        rng = np.random.Generator(np.random.PCG64([_STREAM, seed, number]))
        data = simulated(rng, draws, m, size, share)
        kg = _hits([_own(sums, size) for sums in data], share)
        again = _hits([_bootstrap(sums, size, rng) for sums in data], share) if resampled else kg
        yield ClusteredRow(m, size, share, *kg, *again)
        advance(1)


def cells() -> list[tuple[int, int, float]]:
    """Clusters, items a cluster, and rate of every cell of the table."""
    return [
        (m, size, share) for share in CLUSTERED_RATES for size in CLUSTER_SIZES for m in CLUSTERS
    ]


def simulated(
    rng: np.random.Generator, draws: int, m: int, size: int, share: float
) -> NDArray[np.int64]:
    """Successes of each cluster, shape (draws, m)."""
    weight = (1.0 - ICC) / ICC
    chances = rng.beta(share * weight, (1.0 - share) * weight, size=(draws, m))
    return rng.binomial(size, chances)


def _own(sums: NDArray[np.int64], size: int) -> tuple[float, float]:
    values = (np.arange(size) < sums[:, None]).astype(np.float64).ravel()
    estimate = rate(values, np.repeat(np.arange(len(sums)), size).astype(object))
    return estimate.low, estimate.high


def _bootstrap(sums: NDArray[np.int64], size: int, rng: np.random.Generator) -> tuple[float, float]:
    from scipy.stats import bootstrap

    if sums.min() == sums.max():
        return float(sums[0]) / size, float(sums[0]) / size
    result = bootstrap(
        (sums / size,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=rng
    ).confidence_interval
    return float(result.low), float(result.high)


def _hits(intervals: Sequence[tuple[float, float]], share: float) -> tuple[float, float]:
    low, high = np.array(intervals).T
    return float(((low <= share) & (share <= high)).mean()), float((high - low).mean())
