"""Batches: one modality, sorted by length with images counted, and as large as fits."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sectow_agents.models.batching import AUTO_TOKENS, Batcher, Load
from sectow_agents.settings.run_config import MOST_AT_ONCE
from sectow_env.errors import ConfigError

LOADS = st.lists(st.builds(Load, st.integers(0, 4000), st.sampled_from([0, 64, 2900])), max_size=80)


@given(LOADS, st.one_of(st.none(), st.integers(1, 40)))
def test_every_prompt_is_in_one_batch_of_its_modality(loads: list[Load], size: int | None) -> None:
    batches = list(Batcher(size).batches(loads, 16))
    assert sorted(index for batch in batches for index in batch) == list(range(len(loads)))
    for batch in batches:
        assert len({loads[index].image_tokens > 0 for index in batch}) == 1
        assert len(batch) <= (size or MOST_AT_ONCE)
        longest = max(loads[index].tokens for index in batch) + 16
        assert size or len(batch) == 1 or len(batch) * longest <= AUTO_TOKENS


def test_an_image_counts_by_its_tokens_and_not_by_its_text() -> None:
    wide, narrow = Load(10, 2900), Load(4000, 64)
    (batch,) = Batcher(8).batches([wide, narrow, wide], 16)
    assert batch == [1, 0, 2]
    assert [len(batch) for batch in Batcher(None).batches([wide] * 12, 16)] == [5, 5, 2]


@given(LOADS)
def test_prompts_of_a_kind_come_in_order_of_length(loads: list[Load]) -> None:
    for kind in (False, True):
        order = [
            loads[index].tokens
            for batch in Batcher(7).batches(loads, 16)
            for index in batch
            if (loads[index].image_tokens > 0) == kind
        ]
        assert all(shorter <= longer for shorter, longer in pairwise(order))


class Small:
    """A device with room for so many prompts."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.tried: list[int] = []

    def __call__(self, batch: list[int]) -> list[str]:
        self.tried.append(len(batch))
        if len(batch) > self.room:
            raise torch.OutOfMemoryError("no room")
        return [f"answer {index}" for index in batch]


def test_a_batch_that_does_not_fit_is_halved_and_the_next_ones_are_smaller() -> None:
    batcher, device = Batcher(None), Small(20)
    loads = [Load(400, 0)] * 200
    answers: dict[int, str] = {}
    for batch in batcher.batches(loads, 28):
        answers |= batcher.run(batch, device)
    assert answers == {index: f"answer {index}" for index in range(200)}
    assert device.tried[0] == 128
    assert device.tried[:4] == [128, 64, 32, 16]
    assert set(device.tried[4:-1]) == {16}


@pytest.mark.parametrize(("size", "given"), [(16, "16 prompts"), (None, "1 prompt")])
def test_what_cannot_be_made_smaller_is_reported(size: int | None, given: str) -> None:
    batcher = Batcher(size)
    batch = next(iter(batcher.batches([Load(400, 0)] * 16, 28)))
    with pytest.raises(ConfigError, match=given):
        batcher.run(batch, Small(0))
