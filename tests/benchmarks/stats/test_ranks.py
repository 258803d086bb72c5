"""Intervals of ranks: equal rows share them, better rows are first, and no order matters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sectow_benchmarks.stats import Outcomes, RankInterval, rank_intervals, ranks

CLUSTERS = [str(number) for number in range(60)]
few = settings(max_examples=25, deadline=None)
models = st.lists(
    st.lists(st.sampled_from([0.0, 1.0]), min_size=24, max_size=24), min_size=2, max_size=5
)


def row(values: list[float], pool: str = "siuo") -> list[Outcomes]:
    """A row of one rate, two items a cluster, in three strata."""
    count = len(values)
    clusters, strata = CLUSTERS[: count // 2] * 2, list("abc" * count)[:count]
    return [Outcomes(pool, values, clusters, strata)]


def some(share: float, count: int = 60) -> list[float]:
    return [float(number < share * count) for number in range(count)]


@few
@given(models)
def test_the_order_of_rows_changes_nothing_and_equal_rows_share_an_interval(
    values: list[list[float]],
) -> None:
    rows = [row(each) for each in [*values, values[0]]]
    intervals = rank_intervals(rows)
    assert rank_intervals(rows[::-1]) == intervals[::-1]
    assert intervals[0] == intervals[-1]
    assert intervals[0].high > intervals[0].low, "of two that are equal, each may be the second"
    assert all(1 <= low <= high <= len(rows) for low, high in intervals)


def test_a_clearly_better_row_is_first_and_a_worse_one_last() -> None:
    rows = [row(some(0.9)), row(some(0.0)), row(some(0.5)), row(some(0.5)[::-1])]
    last, first, *middle = rank_intervals(rows)
    assert first == (1, 1)
    assert last == (4, 4)
    assert middle == [(2, 3), (2, 3)]


def test_a_row_goes_by_its_highest_rate() -> None:
    balanced = [*row(some(0.3)), *row(some(0.3), "figstep")]
    uneven = [*row(some(0.0)), *row(some(0.9), "figstep")]
    assert rank_intervals([balanced, uneven]) == [(1, 1), (2, 2)]


def test_what_differs_by_chance_alone_is_not_told_apart() -> None:
    rng = np.random.default_rng(3)
    rows = [row(list((rng.random(60) < 0.3).astype(float))) for _ in range(3)]
    assert {tuple(interval) for interval in rank_intervals(rows)} == {(1, 3)}


def test_whole_clusters_are_resampled_and_the_same_ones_for_all_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # One row is better by an item in each cluster, whichever clusters are drawn.
    worse = [1.0] * 60
    better = [1.0] * 30 + [0.0] * 30
    mixed = some(0.5, 30) + some(0.5, 30)
    low = [float(number % 30 < 9) for number in range(60)]
    one_stratum = [
        [each[0]._replace(strata=["a"] * 60)] for each in map(row, (mixed, low, better, worse))
    ]
    assert rank_intervals(one_stratum[:2]) == [(2, 2), (1, 1)], "no draw turns them"
    assert rank_intervals(one_stratum[2:]) == [(1, 1), (2, 2)]
    apart = iter(range(100))
    weights = ranks._weights

    def unpaired(size: int, pool: str, seed: int) -> object:
        return weights(size, pool, seed + next(apart))

    monkeypatch.setattr(ranks, "_weights", unpaired)
    own = [[each[0]._replace(pool=str(place))] for place, each in enumerate(one_stratum[:2])]
    assert rank_intervals(own) == [(1, 2), (1, 2)], "rows that do not share them could change"


def test_a_missing_value_is_in_no_rate_and_a_row_of_nothing_has_no_rank() -> None:
    half = [math.nan] * 30 + [1.0] * 30
    assert rank_intervals([row(half), row([1.0] * 60)]) == [(1, 2), (1, 2)]
    with pytest.raises(ValueError, match="no rank"):
        rank_intervals([row([math.nan] * 4), row([1.0] * 4)])


def test_many_rows_and_clusters_take_a_moment() -> None:
    clusters = [str(number) for number in range(4000)]
    rng = np.random.default_rng(0)
    rows = [
        [Outcomes("a", (rng.random(4000) < 0.1 * place).astype(float), clusters, ["s"] * 4000)]
        for place in range(6)
    ]
    assert [low for low, _ in rank_intervals(rows)] == [1, 2, 3, 4, 5, 6]


def test_nobody_is_ranked_among_nobody() -> None:
    assert rank_intervals([]) == []
    assert rank_intervals([row(some(0.2))]) == [RankInterval(1, 1)]
