"""The order of the prompts: even, one modality per batch, and the same for the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_agents.algorithms.curriculum import (
    interleaved,
    proportional_counts,
    same_modality_batches,
    stratified_order,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def unevenness(order: list[int], keys: list[tuple[str]], stretch: int) -> int:
    """The largest difference between the counts of two keys in any step's stretch."""
    names = {key[0] for key in keys}
    worst = 0
    for start in range(0, len(order), stretch):
        counts = Counter(keys[index][0] for index in order[start : start + stretch])
        worst = max(worst, max(counts[n] for n in names) - min(counts[n] for n in names))
    return worst


KEYS = [(channel,) for channel in "aaaaaaaaaabbbc"]


def test_every_step_has_all_channels_evenly() -> None:
    assert unevenness(stratified_order(60, KEYS, rng()), KEYS, 6) == 0
    assert unevenness(stratified_order(64, KEYS, rng()), KEYS, 16) <= 1


def test_a_plain_shuffle_is_uneven() -> None:
    # The mutant: what a data loader would do by itself.
    shuffled = [int(index) for index in rng().integers(len(KEYS), size=60)]
    assert unevenness(shuffled, KEYS, 6) > 1


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=30),
    st.integers(0, 100),
    st.integers(0, 9),
)
def test_an_order_is_even_and_repeatable(
    keys: list[tuple[str, str]], count: int, seed: int
) -> None:
    order = stratified_order(count, keys, rng(seed))
    assert order == stratified_order(count, keys, rng(seed))
    assert len(order) == count
    by_channel = Counter(keys[index][0] for index in order)
    channels = {key[0] for key in keys}
    assert all(abs(by_channel[a] - by_channel[b]) <= 1 for a in channels for b in channels)
    for channel in channels:
        frames = Counter(keys[index][1] for index in order if keys[index][0] == channel)
        known = {key[1] for key in keys if key[0] == channel}
        assert all(abs(frames[a] - frames[b]) <= 1 for a in known for b in known)


def test_whatever_shares_all_keys_goes_round() -> None:
    counts = Counter(stratified_order(30, [("a",)] * 10, rng()))
    assert set(counts.values()) == {3}


def test_an_order_among_none_is_empty() -> None:
    assert stratified_order(5, KEYS, rng(), among=[]) == []
    assert set(stratified_order(5, KEYS, rng(), among=[13])) == {13}


@given(
    st.dictionaries(st.text(max_size=3), st.floats(0.01, 10), min_size=1, max_size=6),
    st.integers(0, 1000),
)
def test_shares_add_up(weights: dict[str, float], total: int) -> None:
    counts = proportional_counts(weights, total)
    assert sum(counts.values()) == total
    whole = sum(weights.values())
    assert all(abs(counts[name] - total * weights[name] / whole) <= 1 for name in weights)


def test_parts_are_spread_evenly() -> None:
    assert interleaved([[1, 2, 3, 4], [8, 9]]) == [1, 8, 2, 3, 9, 4]
    assert interleaved([[], [5]]) == [5]


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.sampled_from([1, 2, 4]))
def test_batches_are_of_one_modality(kinds: list[bool], size: int) -> None:
    order = list(range(len(kinds) - len(kinds) % size))
    batches = same_modality_batches(order, kinds.__getitem__, size)
    assert len(batches) == len(order)
    for start in range(0, len(batches), size):
        assert len({kinds[index] for index in batches[start : start + size]}) == 1
    # At most one batch is made up, and nothing but the other kind's rest is left out.
    assert len(set(order) - set(batches)) < size


@pytest.mark.parametrize("size", [2, 4])
def test_one_modality_alone_keeps_its_order(size: int) -> None:
    order = [3, 1, 2, 0]
    assert same_modality_batches(order, lambda _: False, size) == order
