"""ASR@k: does at least one of k attempts on a behavior succeed?"""

from __future__ import annotations

import numpy as np

from sectow_benchmarks.stats.estimate import LEVEL, Estimate, nothing
from sectow_benchmarks.stats.table import Floats, Labels, Values, tabulate

METHOD = "student-t"
WORDS = (
    "of success within k attempts, Student's t over behaviors, and exact (Clopper and Pearson) "
    "where all behaviors are the same"
)


def success_at_k(values: Values, behaviors: Labels, k: int) -> Estimate:
    """The chance that one of k attempts succeeds, averaged over behaviors.

    A behavior with n attempts of which c succeeded counts 1 - C(n - c, k) / C(n, k), the unbiased
    estimate of Chen et al. (2021, equation 1). One with fewer than k scored attempts is missing.
    The interval is Student's over behaviors, never narrower than the exact one of a rate where all
    behaviors agree.

    Args:
        values: 1 or 0 per attempt; None or NaN where it is unscored.
        behaviors: The behavior of each attempt.
        k: Attempts, at least 1.

    Raises:
        ValueError: k is under 1.
    """
    if k < 1:
        raise ValueError(f"k = {k}: at least one attempt is needed")
    table = tabulate(values, behaviors, None)
    attempts, successes = table.counts[:, 0], table.sums[:, 0]
    enough = attempts >= k
    short = len(set(map(str, behaviors))) - int(enough.sum())
    if not enough.any():
        return nothing(short)
    chances = _unbiased(attempts[enough], successes[enough], k)
    value = float(chances.mean())
    low, high = _interval(chances, value)
    return Estimate(value, low, high, len(chances), len(chances), short, METHOD)


def _unbiased(attempts: Floats, successes: Floats, k: int) -> Floats:
    from scipy.special import comb

    return np.asarray(1.0 - comb(attempts - successes, k) / comb(attempts, k), dtype=np.float64)


def _interval(chances: Floats, value: float) -> tuple[float, float]:
    from scipy.stats import t

    from sectow_benchmarks.stats.single import proportion_interval

    count = len(chances)
    spread = float(chances.std(ddof=1)) / count**0.5 if count > 1 else 0.0
    if spread == 0.0:
        return proportion_interval(min(max(value, 0.0), 1.0) * count, count)
    reach = float(t.ppf(0.5 + LEVEL / 2, count - 1)) * spread
    return max(0.0, value - reach), min(1.0, value + reach)
