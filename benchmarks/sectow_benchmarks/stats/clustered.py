"""A rate over items that are not independent: questions about one potion, or one picture.

Korn and Graubard (1998): the exact interval on an effective number of items, which is the number of
independent ones that would give the variance between clusters, less what that variance costs when
it is estimated from few clusters. It covered better in simulation than resampling clusters did
(`sectow bench coverage`).

Where fewer than five clusters contain an event (or a non-event) their variance says too little, and
the effective number of items is at most the number of clusters.
"""

from __future__ import annotations

import math

import numpy as np

from sectow_benchmarks.stats.estimate import LEVEL, Estimate, nothing
from sectow_benchmarks.stats.single import proportion_interval
from sectow_benchmarks.stats.table import Labels, Table, Values, floats, tabulate

FEW_EVENTS = 5
"""With fewer clusters than this on either side, their variance is not relied on."""
METHOD = "korn-graubard"
WORDS = (
    "of a rate, exact (Clopper and Pearson) on an effective number of items, which follows from "
    "the variance between clusters (Korn and Graubard 1998); where fewer than "
    f"{FEW_EVENTS} clusters contain an event, or a non-event, that number is at most the number of "
    "clusters"
)
"""How the interval is made, for pages."""


def rate(values: Values, clusters: Labels, strata: Labels | None = None) -> Estimate:
    """The share of items that are true, with its 95% interval.

    Args:
        values: 1 or 0 per item; None or NaN where it is missing.
        clusters: What an item shares with those that it depends on: a potion, a base behavior, a
            picture.
        strata: With it, the mean of the strata's rates: each stratum counts the same, whatever
            its number of items.

    Raises:
        ValueError: A value is neither 0 nor 1, or there is not one label per item.
    """
    numbers = floats(values)
    if not (np.isnan(numbers) | np.isin(numbers, (0.0, 1.0))).all():
        raise ValueError("a rate is over values of 0 and 1")
    return _estimate(tabulate(numbers, clusters, strata), most=None)


def mean_score(values: Values, clusters: Labels, strata: Labels | None = None) -> Estimate:
    """The mean of values from 0 to 1, such as scores, with the interval of a rate.

    Its effective number of items may exceed the number of items: scores may vary less than events.

    Args:
        values: 0 to 1 per item; None or NaN where it is missing.
        clusters: As in `rate`.
        strata: As in `rate`.

    Raises:
        ValueError: A value is not from 0 to 1, or there is not one label per item.
    """
    numbers = floats(values)
    if not (np.isnan(numbers) | ((numbers >= 0.0) & (numbers <= 1.0))).all():
        raise ValueError("a mean score is over values from 0 to 1")
    return _estimate(tabulate(numbers, clusters, strata), most=math.inf)


def _estimate(table: Table, most: float | None) -> Estimate:
    if not table.n:
        return nothing(table.missing)
    # A mean over strata can leave [0, 1] by a rounding error.
    value = min(max(table.mean(), 0.0), 1.0)
    size = effective_size(table, most)
    low, high = proportion_interval(value * size, size)
    low, high = min(low, value), max(high, value)
    return Estimate(value, low, high, table.n, table.clusters, table.missing, METHOD)


def effective_size(table: Table, most: float | None = None) -> float:
    """The number of independent items with the same information; at most the number of items.

    `most` is another limit.

    p (1 - p) / variance, times (t of n - 1 / t of m - 1)^2 for n items in m clusters.
    """
    from scipy.stats import t

    few = float(min(table.clusters, table.size))
    value, variance, sides = table.mean(), table.variance(), table.sides()
    # A variance of 0 between clusters with events is chance: they cannot say how much they vary.
    if sides == 0 or not variance > 0.0:
        return few
    tail = 0.5 + LEVEL / 2
    shrink = (t.ppf(tail, max(table.n - 1, 1)) / t.ppf(tail, table.clusters - 1)) ** 2
    size = min(
        table.size if most is None else most, value * (1.0 - value) / variance * float(shrink)
    )
    return min(size, few) if sides < FEW_EVENTS else size
