"""Holm, retention, unscored bounds, ASR@k, power and comparisons of methods."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sectow_benchmarks.stats import (
    Estimate,
    compare_methods,
    detectable_change,
    detectable_rate,
    holm,
    rate,
    retention,
    success_at_k,
    unscored_bounds,
)


def change(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 100, 50, 0, "bootstrap")


def test_holm_by_hand() -> None:
    """Smallest times 3, next times 2, next times 1, each at least the one before."""
    result = holm({"a": 0.01, "b": 0.04, "c": 0.03, "none": math.nan})
    assert result["a"] == pytest.approx(0.03)
    assert result["c"] == pytest.approx(0.06)
    assert result["b"] == pytest.approx(0.06)
    assert math.isnan(result["none"])
    assert all(math.isnan(value) for value in holm({"x": math.nan}).values())


# statsmodels collects garbage at each call.
@settings(max_examples=15)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
def test_holm_never_makes_a_test_sharper(values: list[float]) -> None:
    p_values = {str(number): value for number, value in enumerate(values)}
    result = holm(p_values)
    assert all(result[name] >= p - 1e-12 for name, p in p_values.items())


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.02, 0.01, "kept"),
        (-0.02, -0.01, "kept"),
        (-0.05, 0.01, "undecided"),
        (-0.20, -0.05, "lost"),
    ],
)
def test_retention_looks_at_the_interval_and_not_at_the_value(
    low: float, high: float, verdict: str
) -> None:
    assert retention(change(low, high), 0.03).verdict == verdict


def test_retention_of_nothing_is_not_measured() -> None:
    assert retention(rate([], [])).verdict == "not measured"
    with pytest.raises(ValueError, match="positive"):
        retention(change(0, 0), 0.0)


def test_unscored_items_count_both_ways() -> None:
    result = unscored_bounds(rate([1.0, 0.0, 0.0, 0.0, None], list("abcde")))
    assert (result.low, result.high) == pytest.approx((0.2, 0.4))
    assert result.share == pytest.approx(0.2)
    assert unscored_bounds(rate([None], ["a"])) == (0.0, 1.0, 1.0)


def test_success_at_k_is_the_share_of_subsets_with_a_success() -> None:
    """Counted out: all pairs of the attempts on each behavior."""
    attempts = {"a": [1.0, 0.0, 0.0, 0.0], "b": [0.0, 0.0, 0.0], "c": [1.0, 1.0, 0.0]}
    values = [value for some in attempts.values() for value in some]
    names = [name for name, some in attempts.items() for _ in some]
    pairs = [np.mean([max(pair) for pair in combinations(some, 2)]) for some in attempts.values()]
    assert success_at_k(values, names, 2).value == pytest.approx(np.mean(pairs))
    assert success_at_k(values, names, 1).value == pytest.approx(np.mean([0.25, 0.0, 2 / 3]))


def test_behaviors_with_too_few_attempts_are_missing() -> None:
    result = success_at_k([1.0, 0.0, 1.0, None], ["a", "a", "b", "c"], 2)
    assert (result.n, result.missing, result.value) == (1, 2, 1.0)
    assert result.low < 1.0
    assert not success_at_k([1.0], ["a"], 5).known
    with pytest.raises(ValueError, match="at least one"):
        success_at_k([1.0], ["a"], 0)


def test_what_n_can_show() -> None:
    """0 of 50: a rate of 0.0317 would show itself with probability 0.8."""
    assert 1 - (1 - detectable_rate(50)) ** 50 == pytest.approx(0.8)
    # Cohen (1988), table 2.3.5: h = 0.40 needs 98 a group at power 0.80; from 0.5 that is 0.19.
    assert detectable_change(0.5, 98) == pytest.approx(0.195, abs=0.002)
    assert detectable_change(0.5, 1000) < detectable_change(0.5, 100)
    assert math.isnan(detectable_change(0.5, 1))
    with pytest.raises(ValueError, match="items"):
        detectable_rate(0)


def test_methods_are_compared_over_runs_and_clusters() -> None:
    rng = np.random.default_rng(1)
    runs = ("0", "1", "2", "3", "4")
    old = {run: rng.random(40).tolist() for run in runs}
    new = {run: [value - 0.2 + 0.01 * int(run) for value in values] for run, values in old.items()}
    result = compare_methods(new, old)
    assert result.change.value == pytest.approx(-0.18)
    assert result.change.high < -0.15
    assert result.favoured == 1.0
    assert result.smallest_p == 0.0625


def test_runs_that_disagree_make_the_interval_wide() -> None:
    """The mutant: clusters alone would be certain, the runs are not."""
    old = {str(run): [0.5] * 100 for run in range(4)}
    new = {str(run): [0.5 + (0.2 if run % 2 else -0.3)] * 100 for run in range(4)}
    result = compare_methods(new, old).change
    assert result.low < 0.0 < result.high


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"0": [0.1]}, {"0": [0.2]}),
        ({"0": [0.1], "1": [0.1]}, {"0": [0.1], "2": [0.1]}),
        ({"0": [0.1], "1": [0.1, 0.2]}, {"0": [0.1], "1": [0.1]}),
    ],
)
def test_what_cannot_be_paired_is_refused(
    first: dict[str, list[float]], second: dict[str, list[float]]
) -> None:
    with pytest.raises(ValueError, match="run"):
        compare_methods(first, second)
