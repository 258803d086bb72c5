"""Rates and differences with intervals that stay honest: clustered, and never of zero width.

Items that share a potion (a base behavior, a picture) are not independent, so whole clusters are
resampled. Where resampling cannot know better (no event, or events in a handful of clusters only)
the interval is Wilson's on the number of clusters. Missing values are left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
DRAWS = 2000
FEW = 5
"""With fewer clusters than this on either side, a bootstrap interval is too short."""
_STREAM = 20250722


@dataclass(frozen=True)
class Estimate:
    """A rate, or a difference of rates, with its 95% interval."""

    value: float
    """NaN when nothing was scored."""
    low: float
    high: float
    n: int
    """Scored items."""
    clusters: int
    """Independent units among them."""
    missing: int
    """Items without a value: in no numerator and in no denominator."""
    method: str
    """`bootstrap`, `wilson`, `agresti-min` or `none`."""

    @property
    def known(self) -> bool:
        """Whether anything was scored."""
        return self.n > 0

    def to_json(self) -> dict[str, Any]:
        """The fields, NaN as None: JSON has no NaN."""
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True)
class _Table:
    """Sums and counts of shape (clusters, strata)."""

    sums: Floats
    counts: Floats

    @property
    def clusters(self) -> int:
        return len(self.counts)

    @property
    def rows(self) -> float:
        """Size of a simple sample that would have the same variance as the mean over strata."""
        per_stratum = self.counts.sum(axis=0)
        return float(len(per_stratum) ** 2 / np.sum(1.0 / per_stratum))

    def mean(self) -> float:
        """Mean of the strata's means."""
        return float(np.mean(self.sums.sum(axis=0) / self.counts.sum(axis=0)))

    def draws(self, seed: int) -> Floats:
        """Means of resampled clusters; a stratum that a draw misses is left out of that draw."""
        rng = np.random.Generator(np.random.PCG64([_STREAM, seed]))
        weights = rng.multinomial(self.clusters, np.full(self.clusters, 1 / self.clusters), DRAWS)
        sums, counts = weights @ self.sums, weights @ self.counts
        present = counts > 0
        means = np.divide(sums, counts, out=np.zeros_like(sums), where=present)
        return np.asarray(means.sum(axis=1) / present.sum(axis=1), dtype=np.float64)


def rate(
    values: Sequence[float | bool | None] | Floats,
    clusters: Sequence[str],
    strata: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Estimate:
    """The share of items that are true.

    Args:
        values: 1 or 0 an item; None or NaN where it is missing.
        clusters: What an item shares with those that it depends on.
        strata: With it, the mean of the strata's rates: each stratum counts the same, whatever
            its number of items.
        seed: Of the resampling.
    """
    known, missing = _known(values)
    if not known.any():
        return _nothing(missing)
    numbers = _floats(values)[known]
    table = _tabulate(numbers, _pick(clusters, known), _pick(strata, known))
    value = table.mean()
    low, high = _wilson(value, table.rows)
    method = "bootstrap"
    if _sided(table) < FEW:
        method = "wilson"
        low, high = _hull((low, high), _wilson(value, min(table.clusters, table.rows)))
    else:
        low, high = _hull((low, high), _resampled(table, value, seed))
    low, high = max(0.0, min(low, value)), min(1.0, max(high, value))
    return Estimate(value, low, high, int(known.sum()), table.clusters, missing, method)


def difference(
    after: Sequence[float | bool | None] | Floats,
    before: Sequence[float | bool | None] | Floats,
    clusters: Sequence[str],
    strata: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Estimate:
    """The mean change of items measured twice: `after` minus `before`, item by item.

    An item that misses either value is missing. Arguments as those of `rate`.
    """
    change = _floats(after) - _floats(before)
    known, missing = _known(change)
    if not known.any():
        return _nothing(missing)
    change, groups, kinds = change[known], _pick(clusters, known), _pick(strata, known)
    table = _tabulate(change, groups, kinds)
    value = table.mean()
    sides = ((change > 0).astype(np.float64), (change < 0).astype(np.float64))
    up, down = (_tabulate(side, groups, kinds).mean() for side in sides)
    bounds = _agresti_min(up, down, table.rows)
    method = "bootstrap"
    # A cluster that changed both ways still changed, so the sums do not tell.
    if int((_tabulate(np.abs(change), groups, kinds).sums.sum(axis=1) > 0).sum()) < FEW:
        method = "agresti-min"
        bounds = _hull(bounds, _agresti_min(up, down, min(table.clusters, table.rows)))
    else:
        bounds = _hull(bounds, _resampled(table, value, seed))
    low, high = max(-1.0, min(bounds[0], value)), min(1.0, max(bounds[1], value))
    return Estimate(value, low, high, int(known.sum()), table.clusters, missing, method)


def _known(values: Sequence[float | bool | None] | Floats) -> tuple[NDArray[np.bool_], int]:
    known = ~np.isnan(_floats(values))
    return known, int((~known).sum())


def _floats(values: Sequence[float | bool | None] | Floats) -> Floats:
    return np.array([math.nan if value is None else float(value) for value in values])


def _pick(labels: Sequence[str] | None, known: NDArray[np.bool_]) -> list[str]:
    if labels is None:
        return [""] * int(known.sum())
    if len(labels) != len(known):
        raise ValueError(f"{len(labels)} labels for {len(known)} values")
    return [label for label, kept in zip(labels, known, strict=True) if kept]


def _tabulate(numbers: Floats, clusters: list[str], strata: list[str]) -> _Table:
    names, rows = np.unique(np.array(clusters, dtype=object).astype(str), return_inverse=True)
    kinds, columns = np.unique(np.array(strata, dtype=object).astype(str), return_inverse=True)
    sums, counts = np.zeros((len(names), len(kinds))), np.zeros((len(names), len(kinds)))
    np.add.at(sums, (rows, columns), numbers)
    np.add.at(counts, (rows, columns), 1.0)
    return _Table(sums, counts)


def _sided(table: _Table) -> int:
    """Clusters that hold an event, or those that hold none-events: the smaller number."""
    events, total = table.sums.sum(axis=1), table.counts.sum(axis=1)
    return int(min((events > 0).sum(), (events < total).sum()))


def _wilson(value: float, size: float) -> tuple[float, float]:
    # Imported late: it loads pandas and half of scipy.
    from statsmodels.stats.proportion import proportion_confint

    # A mean over strata can leave [0, 1] by a rounding error.
    count = min(max(value, 0.0), 1.0) * size
    low, high = proportion_confint(count, size, alpha=1 - LEVEL, method="wilson")
    return float(low), float(high)


def _agresti_min(up: float, down: float, size: float) -> tuple[float, float]:
    """Interval of a paired difference with half an item added to each cell (Agresti, Min 2005)."""
    from scipy.stats import norm

    change, discordant = (up - down) * size, (up + down) * size + 1.0
    centre = change / (size + 2.0)
    spread = math.sqrt(max(discordant - change**2 / (size + 2.0), 0.0)) / (size + 2.0)
    reach = float(norm.ppf(0.5 + LEVEL / 2)) * spread
    return max(-1.0, centre - reach), min(1.0, centre + reach)


def _resampled(table: _Table, value: float, seed: int) -> tuple[float, float]:
    """Percentile interval, widened for a small number of clusters as Student's t widens z's."""
    from scipy.stats import norm, t

    tail, size = 0.5 + LEVEL / 2, table.clusters
    widen = float(t.ppf(tail, size - 1) / norm.ppf(tail)) * math.sqrt(size / (size - 1))
    low, high = np.quantile(table.draws(seed), [1 - tail, tail])
    return value + widen * (float(low) - value), value + widen * (float(high) - value)


def _hull(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    return min(first[0], second[0]), max(first[1], second[1])


def _nothing(missing: int) -> Estimate:
    return Estimate(math.nan, math.nan, math.nan, 0, 0, missing, "none")
