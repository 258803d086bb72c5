"""Which ranks a row may take: whole clusters of the shared items resampled for all rows at once."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sectow_benchmarks.stats.estimate import LEVEL
from sectow_benchmarks.stats.table import Floats, Labels, Values, floats

DRAWS = 1000
_BATCH = 4_000_000
"""Weights that are drawn at once."""
_ROUNDING = 9
"""Decimals beyond which two scores are the same."""
_STREAM = 20261127
WORDS = (
    f"in {LEVEL:.0%} of {DRAWS} resamples of whole clusters, the same ones for all rows (widened "
    "as Student's t widens z's), in each of which rows are ranked anew; of rows that are equal "
    "each may be the first or the last"
)


class Outcomes(NamedTuple):
    """The outcomes behind one rate of a row."""

    pool: str
    """Rates of one pool share their clusters, such as those of one suite."""
    values: Values
    clusters: Labels
    strata: Labels


class RankInterval(NamedTuple):
    """The ranks that a row may take, 1 for the first."""

    low: int
    high: int


def rank_intervals(rows: Sequence[Sequence[Outcomes]], *, seed: int = 0) -> list[RankInterval]:
    """The ranks that rows may take by their highest rate, where the lowest of these is the best.

    Args:
        rows: The rates of each row, of the same items in all of them; each is a mean over strata,
            as in `rate`.
        seed: Of the resampling.

    Raises:
        ValueError: A row has no outcome.
    """
    if not rows:
        return []
    worst = np.full((len(rows), DRAWS + 1), -math.inf)
    for pool in sorted({rate.pool for row in rows for rate in row}):
        parts = [[rate for rate in row if rate.pool == pool] for row in rows]
        names = sorted({str(name) for part in parts for rate in part for name in rate.clusters})
        places = {name: place for place, name in enumerate(names)}
        tables = [
            (row, _tabulated(rate, places)) for row, part in enumerate(parts) for rate in part
        ]
        widen = _widening(len(names))
        for columns, weights in _weights(len(names), pool, seed):
            for row, table in tables:
                value = _means(table, np.ones((1, len(names))))
                drawn = np.clip(value + widen * (_means(table, weights) - value), 0.0, 1.0)
                # A draw of unscored clusters alone says nothing new.
                drawn = np.where(np.isnan(drawn), value, drawn)
                worst[row, columns] = np.fmax(worst[row, columns], drawn)
    if not np.isfinite(worst).all():
        raise ValueError("a row without any outcome has no rank")
    return _placed(np.round(worst, _ROUNDING))


class _Table(NamedTuple):
    """Sums and counts of shape (clusters, strata)."""

    sums: Floats
    counts: Floats


def _tabulated(rate: Outcomes, places: dict[str, int]) -> _Table:
    values = floats(rate.values)
    known = ~np.isnan(values)
    rows = np.array([places[str(name)] for name in rate.clusters], dtype=np.intp)[known]
    names, columns = np.unique(np.asarray(rate.strata, dtype=str)[known], return_inverse=True)
    shape = (len(places), len(names))
    cells = rows * shape[1] + columns
    size = shape[0] * shape[1]
    sums = np.bincount(cells, weights=values[known], minlength=size)
    counts = np.bincount(cells, minlength=size)
    return _Table(sums.astype(np.float64).reshape(shape), counts.astype(np.float64).reshape(shape))


def _weights(size: int, pool: str, seed: int) -> Iterable[tuple[slice, Floats]]:
    """How often each cluster is in a draw, in batches of draws; the first draw is the sample.

    They follow from the pool's name, so that no other pool changes them.
    """
    digest = hashlib.sha256(pool.encode()).digest()
    rng = np.random.Generator(np.random.PCG64([_STREAM, seed, *digest[:8]]))
    yield slice(0, 1), np.ones((1, size))
    step = max(1, _BATCH // size)
    for start in range(1, DRAWS + 1, step):
        end = min(start + step, DRAWS + 1)
        chances = np.full(size, 1.0 / size)
        yield slice(start, end), rng.multinomial(size, chances, end - start).astype(np.float64)


def _widening(clusters: int) -> float:
    from scipy.stats import norm, t

    if clusters < 2:
        return 1.0
    tail = 0.5 + LEVEL / 2
    ratio = float(t.ppf(tail, clusters - 1) / norm.ppf(tail))
    return ratio * math.sqrt(clusters / (clusters - 1))


def _means(table: _Table, weights: Floats) -> Floats:
    """The mean over strata in each draw; a stratum that a draw misses is left out of it."""
    sums, counts = weights @ table.sums, weights @ table.counts
    present = counts > 0
    rates = np.divide(sums, counts, out=np.zeros_like(sums), where=present)
    strata = present.sum(axis=1)
    means = np.divide(rates.sum(axis=1), strata, out=np.full(len(strata), np.nan), where=strata > 0)
    return np.asarray(means, dtype=np.float64)


def _placed(scores: Floats) -> list[RankInterval]:
    tail = (1.0 - LEVEL) / 2
    intervals = []
    for own in scores:
        first = 1 + (scores < own).sum(axis=0)
        last = (scores <= own).sum(axis=0)
        low, high = _quantile(first[1:], tail), _quantile(last[1:], 1.0 - tail)
        intervals.append(RankInterval(min(low, int(first[0])), max(high, int(last[0]))))
    return intervals


def _quantile(ranks: NDArray[np.intp], share: float) -> int:
    return int(np.quantile(ranks, share, method="inverted_cdf"))
