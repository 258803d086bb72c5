"""The interval of a single rate, chosen by coverage.

Clopper and Pearson (1934): the exact interval, by the quantiles of the beta distribution. Of what
statsmodels offers it is the only one that covers at least 0.95 for every rate and every n; from
n = 50 on it is at most 1.09 times as wide as Wilson's, and at 0 of n it still has a width. The
table that the choice was made by is printed by `sectow bench coverage`.
"""

from __future__ import annotations

from typing import NamedTuple

from sectow_benchmarks.stats.estimate import LEVEL

ROUNDING = 1e-9


class Interval(NamedTuple):
    """Lower and upper end, both in [0, 1]."""

    low: float
    high: float


def proportion_interval(successes: float, n: float, level: float = LEVEL) -> Interval:
    """The interval of `successes` out of `n` independent items.

    Args:
        successes: From 0 to n; need not be whole, as an effective number of items is not.
        n: Items, more than 0.
        level: Nominal coverage.

    Raises:
        ValueError: There is no item, or more successes than items.
    """
    # Imported late: it loads pandas and half of scipy.
    from statsmodels.stats.proportion import proportion_confint

    if not 0 <= successes <= n or n <= 0:
        raise ValueError(f"{successes} successes of {n} items")
    # What a rounding error leaves of 0 or n successes has no beta quantile.
    count = 0.0 if successes < ROUNDING else n if n - successes < ROUNDING else successes
    low, high = proportion_confint(count, n, alpha=1.0 - level, method="beta")
    # At the ends the quantile is not defined, and the limit is known.
    return Interval(0.0 if count == 0 else float(low), 1.0 if count == n else float(high))
