"""Intervals: never of zero width, clustered, honest about what is missing, and they cover."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sectow_benchmarks.stats import Estimate, mean_score, proportion_interval, rate
from sectow_benchmarks.stats.table import tabulate

items = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, None]), st.integers(0, 7), st.sampled_from("abc")),
    max_size=60,
)
fast = settings(max_examples=40)


def columns(
    rows: list[tuple[float | None, int, str]],
) -> tuple[list[float | None], list[str], list[str]]:
    return [row[0] for row in rows], [str(row[1]) for row in rows], [row[2] for row in rows]


@fast
@given(items)
def test_a_rate_lies_inside_its_interval_which_has_a_width(
    rows: list[tuple[float | None, int, str]],
) -> None:
    values, clusters, strata = columns(rows)
    estimate = rate(values, clusters, strata)
    scored = [value for value in values if value is not None]
    assert (estimate.n, estimate.missing) == (len(scored), len(values) - len(scored))
    if not scored:
        assert math.isnan(estimate.value)
        assert math.isnan(estimate.low)
        assert not estimate.known
        return
    assert 0.0 <= estimate.low <= estimate.value <= estimate.high <= 1.0
    assert estimate.high - estimate.low > 0.0


@fast
@given(items)
def test_missing_values_change_nothing_but_their_count(
    rows: list[tuple[float | None, int, str]],
) -> None:
    values, clusters, _ = columns(rows)
    kept = [(v, c) for v, c in zip(values, clusters, strict=True) if v is not None]
    with_gaps = rate(values, clusters)
    without = rate([v for v, _ in kept], [c for _, c in kept])
    same = ("value", "low", "high", "n", "clusters")
    assert all(
        getattr(with_gaps, name) == getattr(without, name)
        or (math.isnan(getattr(with_gaps, name)) and math.isnan(getattr(without, name)))
        for name in same
    )


def test_nothing_observed_is_never_certain() -> None:
    none = rate([0.0] * 50, [str(index) for index in range(50)])
    everything = rate([1.0] * 50, [str(index) for index in range(50)])
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(
        0.0711, abs=1e-4
    )  # 1 - 0.025^(1/50), the exact limit at 0 of 50.
    assert everything.low == pytest.approx(1 - none.high)


def test_items_of_one_cluster_are_not_independent() -> None:
    """Ten copies of each item add nothing: the interval must not shrink by the root of ten."""
    rng = np.random.default_rng(0)
    values = (rng.random(60) < 0.3).astype(float)
    names = [str(index) for index in range(60)]
    once, often = rate(values, names), rate(np.repeat(values, 10), np.repeat(names, 10).tolist())
    blind = rate(np.repeat(values, 10), [str(index) for index in range(600)])
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.25)
    assert blind.high - blind.low < 0.5 * (often.high - often.low)


def test_each_stratum_counts_the_same() -> None:
    values = [1.0] * 90 + [0.0] * 10
    strata = ["large"] * 90 + ["small"] * 10
    clusters = [str(index % 10) for index in range(100)]
    assert rate(values, clusters, strata).value == pytest.approx(0.5)
    assert rate(values, clusters).value == pytest.approx(0.9)


def test_json_has_no_nan() -> None:
    assert rate([], []).to_json() == {
        "value": None, "low": None, "high": None, "n": 0, "clusters": 0, "missing": 0,
        "method": "none",
    }  # fmt: skip


def coverage(estimator: Callable[[np.ndarray, list[str]], Estimate], share: float) -> float:
    """How often intervals hold the truth, for 30 clusters of 8 dependent items."""
    rng = np.random.default_rng(7)
    alpha, beta = share * 1.5, (1.0 - share) * 1.5
    clusters = np.repeat(np.arange(30), 8).astype(str).tolist()
    held = 0
    for _ in range(120):
        chances = np.repeat(rng.beta(alpha, beta, size=30), 8)
        estimate = estimator((rng.random(240) < chances).astype(float), clusters)
        held += estimate.low <= share <= estimate.high
    return held / 120


@pytest.mark.parametrize("share", [0.03, 0.3])
def test_intervals_cover_the_truth(share: float) -> None:
    assert coverage(rate, share) >= 0.9


def test_the_coverage_check_sees_intervals_that_ignore_clusters() -> None:
    def blind(values: np.ndarray, clusters: list[str]) -> Estimate:
        return rate(values, [str(index) for index in range(len(clusters))])

    assert coverage(blind, 0.3) < 0.85


def test_independent_items_get_nearly_the_exact_interval_of_a_single_rate() -> None:
    """Each item a cluster of its own: Korn and Graubard's interval is Clopper and Pearson's."""
    values = [1.0] * 12 + [0.0] * 88
    estimate = rate(values, [str(index) for index in range(100)])
    exact = proportion_interval(12, 100)
    assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high), rel=0.02)


def test_the_variance_between_clusters_is_that_of_a_survey() -> None:
    """Computed apart, as the variance of cluster totals of residuals over n."""
    sums, counts = np.array([3.0, 0.0, 1.0, 4.0]), np.array([5.0, 4.0, 2.0, 9.0])
    values = np.concatenate([np.arange(n) < s for s, n in zip(sums, counts, strict=True)])
    clusters = np.repeat(["a", "b", "c", "d"], counts.astype(int)).tolist()
    table = tabulate(values.astype(float), clusters, None)
    residuals = sums - counts * (8 / 20)
    assert table.variance() == pytest.approx(4 * np.var(residuals, ddof=1) / 20**2)


def test_few_clusters_are_said() -> None:
    few = rate([1.0, 0.0] * 30, [str(index % 19) for index in range(60)])
    enough = rate([1.0, 0.0] * 30, [str(index % 20) for index in range(60)])
    assert (few.few, enough.few, rate([], []).few) == (True, False, False)


def test_a_rate_is_over_zeros_and_ones() -> None:
    with pytest.raises(ValueError, match="0 and 1"):
        rate([0.0, 0.5], ["a", "b"])


@pytest.mark.parametrize(("clusters", "strata"), [(["a"], None), (["a", "b"], ["x"])])
def test_labels_that_do_not_fit_are_refused(clusters: list[str], strata: list[str] | None) -> None:
    with pytest.raises(ValueError, match="labels for 2 values"):
        rate([0.0, 1.0], clusters, strata)


def test_arrays_and_lists_give_the_same() -> None:
    values, clusters = [1.0, None, 0.0, 1.0], ["a", "b", "b", "c"]
    frame = pd.DataFrame({"value": values, "cluster": clusters})
    assert rate(frame["value"], frame["cluster"]) == rate(values, clusters)


SCORES: dict[str, tuple[Callable[[np.random.Generator, int], np.ndarray], float]] = {
    "spread": (lambda rng, n: rng.beta(2, 2, n), 0.5),
    "mostly 0": (
        lambda rng, n: np.where(rng.random(n) < 0.1, rng.integers(1, 9, n) / 8, 0.0),
        0.1 * 4.5 / 8,
    ),
    "close together": (lambda rng, n: 0.5 + 0.1 * (rng.random(n) - 0.5), 0.5),
}


@pytest.mark.parametrize("name", SCORES)
def test_the_interval_of_a_mean_score_covers_and_is_no_wider_than_a_rates(name: str) -> None:
    draw, mean = SCORES[name]
    rng, names = np.random.default_rng(5), [str(index) for index in range(100)]
    estimates = [mean_score(draw(rng, 100), names) for _ in range(150)]
    assert np.mean([each.low <= mean <= each.high for each in estimates]) >= 0.9
    events = rate((np.arange(100) < 100 * mean).astype(float), names)
    width = np.mean([each.high - each.low for each in estimates])
    assert width < events.high - events.low


@fast
@given(items)
def test_of_events_a_mean_score_is_their_rate(
    rows: list[tuple[float | None, int, str]],
) -> None:
    values, clusters, strata = columns(rows)
    score, share = mean_score(values, clusters, strata), rate(values, clusters, strata)
    assert (score.n, score.missing, score.clusters) == (share.n, share.missing, share.clusters)
    assert score.n == 0 or score.value == share.value


@pytest.mark.parametrize("value", [-0.1, 1.1, math.inf])
def test_a_mean_score_is_over_values_from_0_to_1(value: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        mean_score([value], ["a"])
    with pytest.raises(ValueError, match="0 and 1"):
        rate([0.5], ["a"])
