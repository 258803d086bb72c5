"""What n can show: the smallest difference that would probably be seen."""

from __future__ import annotations

import math

ALPHA, POWER = 0.05, 0.8


def detectable_rate(n: float, power: float = POWER) -> float:
    """The smallest true rate that shows at least one event in n independent items.

    1 - (1 - power)^(1/n): with 0 of n seen, no smaller rate can be distinguished from 0.

    Args:
        n: Items; of clustered ones, their effective number.
        power: Chance of seeing one.

    Raises:
        ValueError: There is no item.
    """
    if n <= 0:
        raise ValueError(f"n = {n}: there must be items")
    return -math.expm1(math.log1p(-power) / n)


def detectable_change(
    base: float, n: float, *, alpha: float = ALPHA, power: float = POWER
) -> float:
    """The smallest fall or rise from a base rate that two groups of n items would show.

    Cohen's effect size h of two independent proportions (statsmodels), turned back into a rate. For
    paired items it is on the safe side.

    Args:
        base: The base rate, in [0, 1].
        n: Items per group; of clustered ones, their effective number.
        alpha: Two-sided level.
        power: Chance of seeing it.

    Returns:
        The smaller of the two changes, as a positive share; NaN where neither fits into [0, 1].
    """
    from statsmodels.stats.power import NormalIndPower

    effect = float(NormalIndPower().solve_power(nobs1=n, alpha=alpha, power=power, ratio=1.0))
    angle = 2.0 * math.asin(math.sqrt(base))
    changes = [
        abs(math.sin(turned / 2.0) ** 2 - base)
        for turned in (angle - effect, angle + effect)
        if 0.0 <= turned <= math.pi
    ]
    return min(changes, default=math.nan)
