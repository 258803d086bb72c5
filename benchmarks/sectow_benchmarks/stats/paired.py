"""Two rows on the same items: the change with its interval, and an exact test.

Items that only one of the rows has are missing, never counted as unchanged.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sectow_benchmarks.stats.estimate import LEVEL, Estimate, nothing
from sectow_benchmarks.stats.table import Floats, Labels, Table, Values, floats, tabulate

DRAWS = 2000
FEW_CHANGES = 5
"""With fewer clusters than this that changed, resampling them says too little."""
_STREAM = 20250722
BOOTSTRAP, FEW = "bootstrap", "agresti-min"
WORDS = {
    BOOTSTRAP: (
        f"of a paired change, {DRAWS} resamples of whole clusters (percentile, widened as "
        "Student's t widens z's), never narrower than Agresti and Min's for paired proportions "
        "(2005)"
    ),
    FEW: (
        f"of a paired change of fewer than {FEW_CHANGES} clusters, Agresti and Min's (2005), the "
        "wider of those on the items and on the clusters"
    ),
}
"""How the interval of a change is made, for pages."""


def difference(
    after: Values,
    before: Values,
    clusters: Labels,
    strata: Labels | None = None,
    *,
    seed: int = 0,
) -> Estimate:
    """The mean change of items measured twice: `after` minus `before`, item by item.

    The interval is that of a paired cluster bootstrap (percentile, widened as Student's t widens
    z's for a small number of clusters), and never narrower than Agresti and Min's (2005) for paired
    proportions, so that no observed change is not certainty.

    Args:
        after: 1 or 0 per item, or a score from 0 to 1; None or NaN where it is missing.
        before: The same items.
        clusters: As in `rate`.
        strata: As in `rate`.
        seed: Of the resampling.
    """
    change = floats(after) - floats(before)
    table = tabulate(change, clusters, strata)
    if not table.n:
        return nothing(table.missing)
    value = table.mean()
    up, down = (
        tabulate(np.clip(side, 0.0, None), clusters, strata).mean() for side in (change, -change)
    )
    changed = tabulate(np.abs(change), clusters, strata).sums.sum(axis=1) > 0
    method, size = BOOTSTRAP, table.size
    bounds = _agresti_min(up, down, size)
    if int(changed.sum()) < FEW_CHANGES:
        method = FEW
        other = _agresti_min(up, down, min(table.clusters, size))
    else:
        other = _resampled(table, value, seed)
    low = max(-1.0, min(bounds[0], other[0], value))
    high = min(1.0, max(bounds[1], other[1], value))
    return Estimate(value, low, high, table.n, table.clusters, table.missing, method)


class McNemar(NamedTuple):
    """What an exact McNemar test says of paired items."""

    gained: int
    """Items that are true only after, or score higher."""
    lost: int
    """Items that were true only before, or scored higher."""
    n: int
    """Items that have both values."""
    p: float
    """Two-sided; 1 when no item changed. Items of one cluster are taken for independent."""


def mcnemar(after: Values, before: Values) -> McNemar:
    """The exact McNemar test, of scores the sign test: do gains and losses balance?

    It takes items for independent. Where several share a potion or a picture, read the interval of
    `difference` beside it.
    """
    from statsmodels.stats.contingency_tables import mcnemar as test

    new, old = floats(after), floats(before)
    known = ~(np.isnan(new) | np.isnan(old))
    gained, lost = int((new > old).sum()), int((new < old).sum())
    same = int(known.sum()) - gained - lost
    result = test([[same, gained], [lost, 0]], exact=True)
    return McNemar(gained, lost, int(known.sum()), float(result.pvalue))


def _agresti_min(up: float, down: float, size: float) -> tuple[float, float]:
    """Interval of a paired difference with half an item added to each cell."""
    from scipy.stats import norm

    change, discordant = (up - down) * size, (up + down) * size + 1.0
    centre = change / (size + 2.0)
    spread = math.sqrt(max(discordant - change**2 / (size + 2.0), 0.0)) / (size + 2.0)
    reach = float(norm.ppf(0.5 + LEVEL / 2)) * spread
    return max(-1.0, centre - reach), min(1.0, centre + reach)


def _resampled(table: Table, value: float, seed: int) -> tuple[float, float]:
    """Percentile interval over resampled clusters."""
    from scipy.stats import bootstrap, norm, t

    rng = np.random.Generator(np.random.PCG64([_STREAM, seed]))
    tail, size = 0.5 + LEVEL / 2, table.clusters

    def statistic(chosen: NDArray[np.intp], axis: int = -1) -> Floats:
        # A stratum that a draw misses is left out of that draw.
        sums, counts = (
            table.sums[chosen].sum(axis=axis - 1),
            table.counts[chosen].sum(axis=axis - 1),
        )
        present = counts > 0
        means = np.divide(sums, counts, out=np.zeros_like(sums), where=present)
        return np.asarray(means.sum(axis=-1) / present.sum(axis=-1), dtype=np.float64)

    interval = bootstrap(
        (np.arange(size),),
        statistic,
        n_resamples=DRAWS,
        batch=max(1, 2_000_000 // table.sums.size),
        vectorized=True,
        confidence_level=LEVEL,
        method="percentile",
        rng=rng,
    ).confidence_interval
    widen = float(t.ppf(tail, size - 1) / norm.ppf(tail)) * math.sqrt(size / (size - 1))
    return value + widen * (float(interval.low) - value), value + widen * (
        float(interval.high) - value
    )
