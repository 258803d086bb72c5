"""Paired changes: antisymmetric, never certain, they cover; McNemar's test is exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sectow_benchmarks.stats import difference, mcnemar, paired

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
def test_a_difference_is_antisymmetric_and_has_a_width(
    rows: list[tuple[float | None, int, str]],
) -> None:
    values, clusters, strata = columns(rows)
    other = values[1:] + values[:1]
    result = difference(values, other, clusters, strata)
    turned = difference(other, values, clusters, strata)
    assert result.n == turned.n
    if result.known:
        assert result.value == pytest.approx(-turned.value)
        assert -1.0 <= result.low <= result.value <= result.high <= 1.0
        assert result.high - result.low > 0.0


def test_no_change_is_not_certain_and_an_unpaired_item_is_missing() -> None:
    clusters = [str(index) for index in range(40)]
    same = difference([1.0] * 40, [1.0] * 40, clusters)
    assert same.value == 0.0
    assert same.low < 0.0 < same.high
    gap = difference([1.0, None, 0.0], [0.0, 1.0, None], ["a", "b", "c"])
    assert (gap.n, gap.missing, gap.value) == (1, 2, 1.0)


def test_paired_changes_cover_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired, "DRAWS", 400)
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(30), 6).astype(str).tolist()
    held = 0
    for _ in range(100):
        before = np.repeat(rng.beta(2.0, 2.0, size=30), 6)
        draws = rng.random(180)
        result = difference(
            (draws < 0.6 * before).astype(float), (draws < before).astype(float), clusters
        )
        held += result.low <= -0.2 <= result.high
    assert held / 100 >= 0.9


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(5)
    after, before = (rng.random((2, 200)) < 0.5).astype(float)
    clusters = [str(index % 40) for index in range(200)]
    first = difference(after, before, clusters)
    assert first == difference(after, before, clusters)
    assert first.method == "bootstrap"
    assert difference(after, before, clusters, seed=1) != first


def test_resampling_sees_that_items_of_a_cluster_change_together() -> None:
    rng = np.random.default_rng(6)
    before = (rng.random(40) < 0.6).astype(float)
    after = (rng.random(40) < 0.4).astype(float)
    names = [str(index) for index in range(40)]
    often = difference(
        np.repeat(after, 10), np.repeat(before, 10), np.repeat(names, 10).astype(object)
    )
    blind = difference(
        np.repeat(after, 10), np.repeat(before, 10), [str(index) for index in range(400)]
    )
    assert blind.high - blind.low < 0.5 * (often.high - often.low)


def test_mcnemar_is_the_binomial_test_of_the_items_that_changed() -> None:
    """Computed by hand: two tails of 11 fair tosses."""
    after = [1.0] * 9 + [0.0] * 2 + [1.0] * 5
    before = [0.0] * 9 + [1.0] * 2 + [1.0] * 5
    result = mcnemar(after, before)
    by_hand = 2 * sum(math.comb(11, k) for k in range(3)) / 2**11
    assert (result.gained, result.lost, result.n) == (9, 2, 16)
    assert result.p == pytest.approx(by_hand)


def test_items_without_a_partner_are_in_no_test() -> None:
    result = mcnemar([1.0, None, 1.0], [0.0, 0.0, None])
    assert (result.gained, result.lost, result.n, result.p) == (1, 0, 1, 1.0)


def test_a_lost_pairing_shows() -> None:
    """The mutant: with the items of one side shuffled, the interval grows."""
    rng = np.random.default_rng(8)
    before = (rng.random(300) < 0.5).astype(float)
    after = before.copy()
    after[:20] = 0.0
    clusters = [str(index // 3) for index in range(300)]
    right = difference(after, before, clusters)
    wrong = difference(after, rng.permutation(before), clusters)
    assert wrong.high - wrong.low > 2 * (right.high - right.low)


def test_a_change_of_scores_is_as_wide_as_scores_change() -> None:
    """Three hundred items that each gain a little: no interval of events may hide that."""
    rng = np.random.default_rng(2)
    before = rng.random(300) * 0.8
    after = before + 0.05 + 0.02 * rng.standard_normal(300)
    names = [str(index) for index in range(300)]
    change = difference(after.tolist(), before.tolist(), names)
    assert change.low < 0.05 < change.high
    assert change.low > 0.0
    assert change.high - change.low < 0.2
    result = mcnemar([0.5, 0.5, 0.25, None], [0.25, 0.5, 0.5, 1.0])
    assert (result.gained, result.lost, result.n) == (1, 1, 3)
