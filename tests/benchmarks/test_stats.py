"""Intervals: never of zero width, clustered, honest about what is missing, and they cover."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sectow_benchmarks import stats
from sectow_benchmarks.stats import Estimate, difference, rate

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
    found = rate(values, clusters, strata)
    scored = [value for value in values if value is not None]
    assert (found.n, found.missing) == (len(scored), len(values) - len(scored))
    if not scored:
        assert math.isnan(found.value)
        assert math.isnan(found.low)
        assert not found.known
        return
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert found.high - found.low > 0.0


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


@fast
@given(items)
def test_a_difference_is_antisymmetric_and_has_a_width(
    rows: list[tuple[float | None, int, str]],
) -> None:
    values, clusters, strata = columns(rows)
    other = values[1:] + values[:1]
    found = difference(values, other, clusters, strata)
    turned = difference(other, values, clusters, strata)
    assert found.n == turned.n
    if found.known:
        assert found.value == pytest.approx(-turned.value)
        assert -1.0 <= found.low <= found.value <= found.high <= 1.0
        assert found.high - found.low > 0.0


def test_nothing_observed_is_never_certain() -> None:
    none = rate([0.0] * 50, [str(index) for index in range(50)])
    everything = rate([1.0] * 50, [str(index) for index in range(50)])
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(0.0713, abs=1e-3)  # Wilson's limit at 0 of 50.
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


def test_no_change_is_not_certain_and_an_unpaired_item_is_missing() -> None:
    clusters = [str(index) for index in range(40)]
    same = difference([1.0] * 40, [1.0] * 40, clusters)
    assert same.value == 0.0
    assert same.low < 0.0 < same.high
    gap = difference([1.0, None, 0.0], [0.0, 1.0, None], ["a", "b", "c"])
    assert (gap.n, gap.missing, gap.value) == (1, 2, 1.0)


def test_json_has_no_nan() -> None:
    assert rate([], []).to_json() == {
        "value": None, "low": None, "high": None, "n": 0, "clusters": 0, "missing": 0,
        "method": "none",
    }  # fmt: skip


def test_the_same_seed_gives_the_same_interval() -> None:
    values, clusters = [1.0, 0.0, 1.0, 0.0] * 20, [str(index % 20) for index in range(80)]
    values[:7] = [1.0] * 7
    assert rate(values, clusters) == rate(values, clusters)
    assert rate(values, clusters, seed=1).method == "bootstrap"


def coverage(estimator: Callable[[np.ndarray, list[str]], Estimate], share: float) -> float:
    """How often intervals hold the truth, for 30 clusters of 8 dependent items."""
    rng = np.random.default_rng(7)
    alpha, beta = share * 1.5, (1.0 - share) * 1.5
    clusters = np.repeat(np.arange(30), 8).astype(str).tolist()
    held = 0
    for _ in range(120):
        chances = np.repeat(rng.beta(alpha, beta, size=30), 8)
        found = estimator((rng.random(240) < chances).astype(float), clusters)
        held += found.low <= share <= found.high
    return held / 120


@pytest.mark.parametrize("share", [0.03, 0.3])
def test_intervals_cover_the_truth(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    monkeypatch.setattr(stats, "DRAWS", 400)
    assert coverage(rate, share) >= 0.9


def test_the_coverage_check_sees_intervals_that_ignore_clusters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stats, "DRAWS", 400)

    def blind(values: np.ndarray, clusters: list[str]) -> Estimate:
        return rate(values, [str(index) for index in range(len(clusters))])

    assert coverage(blind, 0.3) < 0.85


def test_paired_changes_cover_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "DRAWS", 400)
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(30), 6).astype(str).tolist()
    held = 0
    for _ in range(100):
        before = np.repeat(rng.beta(2.0, 2.0, size=30), 6)
        draws = rng.random(180)
        found = difference(
            (draws < 0.6 * before).astype(float), (draws < before).astype(float), clusters
        )
        held += found.low <= -0.2 <= found.high
    assert held / 100 >= 0.9
