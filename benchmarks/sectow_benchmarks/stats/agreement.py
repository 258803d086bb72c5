"""How far a judge agrees with the truth, and what its errors do to a rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sectow_benchmarks.stats.clustered import rate
from sectow_benchmarks.stats.estimate import LEVEL, Estimate, nothing
from sectow_benchmarks.stats.table import Labels, Values, floats


@dataclass(frozen=True)
class Agreement:
    """A judge beside the truth, on items that both label."""

    accuracy: Estimate
    sensitivity: Estimate
    """Share of what is true that the judge calls true."""
    specificity: Estimate
    """Share of what is false that the judge calls false."""
    kappa: float
    """Cohen's: agreement beyond that of two who say "true" as often, by chance; NaN where both say
    the same of everything."""
    ac1: float
    """Gwet's (2008): the same against a chance that does not explode where one answer is rare."""
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    unscored: int
    """Items of which the truth is known and the judge gave no label: in none of the figures."""

    @property
    def n(self) -> int:
        """Items that both label."""
        positives = self.true_positives + self.false_positives
        return positives + self.false_negatives + self.true_negatives


def agreement(truth: Values, judge_labels: Values, clusters: Labels) -> Agreement:
    """Compare a judge's labels with the truth.

    Args:
        truth: 1 or 0 per item; None or NaN where it is not known.
        judge_labels: The judge's label of the same items; None or NaN where it gave none.
        clusters: As in `rate`.
    """
    known, judged = floats(truth), floats(judge_labels)
    labelled = ~np.isnan(known)
    both = labelled & ~np.isnan(judged)
    labels = np.asarray(clusters, dtype=object)
    right = (known == judged).astype(float)

    def share(chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Estimate:
        return rate(right[chosen], labels[chosen]) if chosen.any() else nothing(0)

    positive, negative = both & (known == 1.0), both & (known == 0.0)
    hits, misses = int(right[positive].sum()), int((1.0 - right[positive]).sum())
    alarms, passed = int((1.0 - right[negative]).sum()), int(right[negative].sum())
    return Agreement(
        accuracy=share(both),
        sensitivity=share(positive),
        specificity=share(negative),
        kappa=_kappa(hits, alarms, misses, passed),
        ac1=_ac1(hits, alarms, misses, passed),
        true_positives=hits,
        false_positives=alarms,
        false_negatives=misses,
        true_negatives=passed,
        unscored=int((labelled & np.isnan(judged)).sum()),
    )


def corrected_rate(observed: Estimate, sensitivity: Estimate, specificity: Estimate) -> Estimate:
    """A rate as it would be without the judge's errors (Rogan and Gladen 1978).

    The interval is that of Lang and Reiczigel (2014), with the sample sizes that the clustered
    intervals of the three rates stand for: it knows that sensitivity and specificity were
    estimated too.

    Args:
        observed: The rate that the judge gave.
        sensitivity: Of the judge, on other items than those of the rate or on the same.
        specificity: The same.

    Returns:
        Missing where the judge is no better than chance, or one of the three is not known.
    """
    from scipy.stats import norm

    if not (observed.known and sensitivity.known and specificity.known):
        return nothing(observed.missing)
    if sensitivity.value + specificity.value <= 1.0:
        return nothing(observed.missing)
    z = float(norm.ppf(0.5 + LEVEL / 2))
    n, n_se, n_sp = (_size(estimate, z) for estimate in (observed, sensitivity, specificity))
    rates = (observed.value, sensitivity.value, specificity.value)
    value = min(1.0, max(0.0, _rogan_gladen(*rates)))
    seen = (n * observed.value + z**2 / 2) / (n + z**2)
    se = (n_se * sensitivity.value + 1) / (n_se + 2)
    sp = (n_sp * specificity.value + 1) / (n_sp + 2)
    gain = se + sp - 1.0
    if gain <= 0.0:
        return nothing(observed.missing)
    centre = _rogan_gladen(seen, se, sp)
    by_se, by_sp = se * (1 - se) / (n_se + 2), sp * (1 - sp) / (n_sp + 2)
    shift = 2 * z**2 * (centre * by_se - (1 - centre) * by_sp)
    noise = seen * (1 - seen) / (n + z**2) + centre**2 * by_se + (1 - centre) ** 2 * by_sp
    reach = z * math.sqrt(noise) / gain
    low = min(value, max(0.0, centre + shift - reach))
    high = max(value, min(1.0, centre + shift + reach))
    method = "lang-reiczigel"
    return Estimate(value, low, high, observed.n, observed.clusters, observed.missing, method)


def _rogan_gladen(seen: float, sensitivity: float, specificity: float) -> float:
    return (seen + specificity - 1.0) / (sensitivity + specificity - 1.0)


def _size(estimate: Estimate, z: float) -> float:
    """The size of a simple sample whose Wilson interval is as wide: items are not independent."""
    half = max((estimate.high - estimate.low) / 2, 1e-9)
    spread = estimate.value * (1 - estimate.value)
    # Wilson: half^2 (1 + z^2/n)^2 = z^2 (spread/n + z^2/(4 n^2)), solved for 1/n.
    a, b, c = z**4 * (half**2 - 0.25), z**2 * (2 * half**2 - spread), half**2
    roots = np.roots([a, b, c])
    sizes = [float(root.real) for root in roots if abs(root.imag) < 1e-12 and root.real > 0]
    return min(float(estimate.n), 1.0 / min(sizes)) if sizes else 1.0


def _kappa(hits: int, alarms: int, misses: int, passed: int) -> float:
    n = hits + alarms + misses + passed
    if not n:
        return math.nan
    true, predicted = (hits + misses) / n, (hits + alarms) / n
    chance = true * predicted + (1 - true) * (1 - predicted)
    return math.nan if chance == 1.0 else ((hits + passed) / n - chance) / (1 - chance)


def _ac1(hits: int, alarms: int, misses: int, passed: int) -> float:
    n = hits + alarms + misses + passed
    if not n:
        return math.nan
    share = ((hits + misses) / n + (hits + alarms) / n) / 2
    chance = 2 * share * (1 - share)
    return ((hits + passed) / n - chance) / (1 - chance)
