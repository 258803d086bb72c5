"""Agreement of a judge with the truth: published values, and coverage of the corrected rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.inter_rater import cohens_kappa

from sectow_benchmarks.stats import rate
from sectow_benchmarks.stats.agreement import Agreement, agreement, corrected_rate
from sectow_benchmarks.stats.estimate import Estimate

Counts = tuple[int, int, int, int]


def counted(hits: int, alarms: int, misses: int, passed: int) -> Agreement:
    truth = [1.0] * hits + [0.0] * alarms + [1.0] * misses + [0.0] * passed
    judged = [1.0] * (hits + alarms) + [0.0] * (misses + passed)
    return agreement(truth, judged, [str(number) for number in range(len(truth))])


def test_kappa_and_ac1_by_hand() -> None:
    """50 grant proposals: both yes 20, both no 15; chance 0.5 for kappa, 0.495 for AC1."""
    result = counted(20, 10, 5, 15)
    assert result.kappa == pytest.approx(0.4)
    assert result.ac1 == pytest.approx((0.7 - 0.495) / 0.505)
    assert result.accuracy.value == pytest.approx(0.7)
    assert result.sensitivity.value == pytest.approx(20 / 25)
    assert result.specificity.value == pytest.approx(15 / 25)


def test_ac1_stays_where_kappa_falls_for_a_rare_answer() -> None:
    """Feinstein and Cicchetti's paradox: 118 of 125 agree, 2 of them on the rare answer."""
    result = counted(118, 5, 2, 0)
    assert result.kappa == pytest.approx(-0.0234, abs=1e-3)
    assert result.ac1 == pytest.approx(0.9406, abs=1e-3)


@given(st.tuples(*[st.integers(1, 40)] * 4))
def test_kappa_is_that_of_statsmodels(counts: Counts) -> None:
    hits, alarms, misses, passed = counts
    result = counted(*counts)
    assert result.n == sum(counts)
    with np.errstate(all="ignore"):
        # Its test of the kappa divides by 0 where all counts are alike.
        theirs = cohens_kappa([[hits, misses], [alarms, passed]]).kappa
    assert result.kappa == pytest.approx(theirs)
    assert result.ac1 <= 1.0


def test_what_the_judge_did_not_say_is_counted_and_in_no_rate() -> None:
    result = agreement([1.0, 1.0, 0.0, None], [1.0, None, 0.0, 1.0], ["a", "b", "c", "d"])
    assert (result.unscored, result.n) == (1, 2)
    assert result.sensitivity.value == 1.0
    none = agreement([1.0], [None], ["a"])
    assert not none.accuracy.known
    assert math.isnan(none.kappa)
    assert math.isnan(none.ac1)


def independent(share: float, n: int) -> list[float]:
    hits = round(share * n)
    return [1.0] * hits + [0.0] * (n - hits)


def labels(n: int) -> list[str]:
    return [str(number) for number in range(n)]


def test_rogan_and_gladen_by_hand() -> None:
    seen, sure, spared = (rate(independent(share, 1000), labels(1000)) for share in (0.3, 0.9, 0.8))
    result = corrected_rate(seen, sure, spared)
    assert result.value == pytest.approx((0.3 + 0.8 - 1) / (0.9 + 0.8 - 1))
    assert result.low < result.value < result.high
    perfect = rate([1.0] * 5000, labels(5000))
    assert corrected_rate(seen, perfect, perfect).value == pytest.approx(0.3)


def test_a_judge_no_better_than_chance_says_nothing() -> None:
    half = rate(independent(0.5, 100), labels(100))
    assert not corrected_rate(half, half, half).known
    assert not corrected_rate(rate([], []), half, half).known


@pytest.mark.slow
@pytest.mark.parametrize("true", [0.02, 0.3])
def test_the_corrected_interval_holds_the_truth(true: float) -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    sensitivity, specificity, n, known = 0.85, 0.9, 400, 150
    held = 0
    draws = 300
    for _ in range(draws):
        seen = rng.random(n) < true * sensitivity + (1 - true) * (1 - specificity)
        right = rng.random(known) < sensitivity
        spared = rng.random(known) < specificity
        result = corrected_rate(
            rate(seen.astype(float), labels(n)),
            rate(right.astype(float), labels(known)),
            rate(spared.astype(float), labels(known)),
        )
        held += result.low <= true <= result.high
    assert held / draws >= 0.93


def simple_size(estimate: Estimate, z: float) -> float:
    """The size of a simple sample with so wide a Wilson interval, found by trying."""

    def half(n: float) -> float:
        spread = estimate.value * (1 - estimate.value) / n + z**2 / (4 * n**2)
        return float(z * np.sqrt(spread) / (1 + z**2 / n))

    target = (estimate.high - estimate.low) / 2
    return min(float(estimate.n), float(brentq(lambda n: half(n) - target, 1e-6, 1e9)))


def by_the_paper(seen: Estimate, sure: Estimate, spared: Estimate) -> tuple[float, float]:
    """Lang and Reiczigel (2014), their equations one after the other."""
    z = float(norm.ppf(0.975))
    n, n_se, n_sp = (simple_size(estimate, z) for estimate in (seen, sure, spared))
    p = (n * seen.value + z**2 / 2) / (n + z**2)
    se = (n_se * sure.value + 1) / (n_se + 2)
    sp = (n_sp * spared.value + 1) / (n_sp + 2)
    prevalence = (p + sp - 1) / (se + sp - 1)
    var_se, var_sp = se * (1 - se) / (n_se + 2), sp * (1 - sp) / (n_sp + 2)
    shift = 2 * z**2 * (prevalence * var_se - (1 - prevalence) * var_sp)
    variance = p * (1 - p) / (n + z**2) + prevalence**2 * var_se + (1 - prevalence) ** 2 * var_sp
    reach = z * np.sqrt(variance) / (se + sp - 1)
    return float(prevalence + shift - reach), float(prevalence + shift + reach)


@pytest.mark.parametrize(
    ("seen", "sure", "spared", "size"),
    [(0.3, 0.9, 0.8, 1), (0.5, 0.75, 0.95, 1), (0.4, 0.85, 0.9, 5), (0.6, 0.7, 0.9, 20)],
)
def test_the_interval_is_that_of_the_paper(
    seen: float, sure: float, spared: float, size: int
) -> None:
    three = [
        rate(independent(share, 400), [str(number // size) for number in range(400)])
        for share in (seen, sure, spared)
    ]
    result = corrected_rate(three[0], three[1], three[2])
    low, high = by_the_paper(three[0], three[1], three[2])
    assert (result.low, result.high) == pytest.approx((max(0.0, low), min(1.0, high)), abs=1e-6)


def test_items_of_one_behavior_widen_the_corrected_interval() -> None:
    alone = [rate(independent(share, 400), labels(400)) for share in (0.4, 0.85, 0.9)]
    apart = [
        rate(independent(share, 400), [str(number // 20) for number in range(400)])
        for share in (0.4, 0.85, 0.9)
    ]
    narrow = corrected_rate(alone[0], alone[1], alone[2])
    wide = corrected_rate(apart[0], apart[1], apart[2])
    assert wide.value == narrow.value
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_the_corrected_interval_holds_the_truth_of_clusters(same: bool) -> None:
    """Turns of one behavior are alike in truth and in the judge's errors (both correlate 0.2)."""
    rng = np.random.Generator(np.random.PCG64(11))
    clusters, size, true, sensitivity, specificity = 30, 6, 0.3, 0.8, 0.9
    names = [str(number // size) for number in range(clusters * size)]

    def shares(mean: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return rng.beta(mean * 4, (1 - mean) * 4, clusters).repeat(size)

    def drawn() -> tuple[list[bool], list[bool]]:
        harmful = rng.random(len(names)) < shares(true)
        chance = np.where(harmful, shares(sensitivity), 1 - shares(specificity))
        return list(harmful), list(rng.random(len(names)) < chance)

    held, draws = 0, 200
    for _ in range(draws):
        truth, judged = drawn()
        result = agreement(truth, judged, names)
        seen = judged if same else drawn()[1]
        corrected = corrected_rate(rate(seen, names), result.sensitivity, result.specificity)
        held += corrected.low <= true <= corrected.high
    assert held / draws >= 0.93
