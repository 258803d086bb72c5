"""Which prompts are answered together: same modality, similar length, as many as fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import torch

from sectow_agents.settings.run_config import MOST_AT_ONCE
from sectow_env.errors import ConfigError

T = TypeVar("T")
CHARACTERS_PER_TOKEN = 4
"""Text is measured in characters: tokenizers differ by less than images do."""
AUTO_TOKENS = 16_384
"""Tokens of the first batch, padding and completions included."""


class Load(NamedTuple):
    """The size of a prompt in a batch."""

    characters: int
    image_tokens: int
    """0 for a prompt without an image."""

    @property
    def tokens(self) -> float:
        """Length of the prompt, its image counted."""
        return self.image_tokens + self.characters / CHARACTERS_PER_TOKEN


class Batcher:
    """Makes batches, and finds out how large they may be.

    Args:
        size: Prompts of a batch; None starts with a number of tokens, and halves it whenever the
            device runs out of memory.
        room: How many tokens that is; called before each call's batches.
    """

    def __init__(self, size: int | None, room: Callable[[], int] = lambda: AUTO_TOKENS) -> None:
        self.size = size
        self._room = room
        self._tokens = AUTO_TOKENS
        self._fits = 1.0

    @property
    def prompts(self) -> int:
        """The largest number of prompts of a batch."""
        return self.size or MOST_AT_ONCE

    def batches(self, loads: Sequence[Load], new_tokens: int) -> Iterator[list[int]]:
        """Indices of prompts of one modality, with or without image, by length."""
        self._tokens = max(1, int(self._room() * self._fits))
        for with_image in (False, True):
            kind = [i for i, load in enumerate(loads) if (load.image_tokens > 0) == with_image]
            kind.sort(key=lambda index: loads[index].tokens)
            while kind:
                count = self._fitting([loads[index].tokens + new_tokens for index in kind])
                yield kind[:count]
                kind = kind[count:]

    def run(self, batch: list[int], answer: Callable[[list[int]], Sequence[T]]) -> dict[int, T]:
        """Answer a batch, in halves where it does not fit.

        Raises:
            ConfigError: A single prompt, or a batch of the given size, does not fit.
        """
        answers: dict[int, T] = {}
        rest, count = batch, len(batch)
        while rest:
            part = rest[:count]
            try:
                answers |= zip(part, answer(part), strict=True)
                rest = rest[count:]
                continue
            except torch.OutOfMemoryError as error:
                if self.size is not None or len(part) == 1:
                    raise _too_large(len(part)) from error
            # Only after the handler is the failed batch's memory free.
            torch.cuda.empty_cache()
            count = (len(part) + 1) // 2
        # What did not fit once is not tried again.
        if count < len(batch):
            self._fits *= count / len(batch)
            self._tokens = max(1, self._tokens * count // len(batch))
        return answers

    def _fitting(self, tokens: Sequence[float]) -> int:
        """How many of these prompts, in order of length, make one batch."""
        if self.size is not None:
            return self.size
        count = 1
        # All rows are as long as the longest, which is the last.
        while count < min(len(tokens), MOST_AT_ONCE):
            if (count + 1) * tokens[count] > self._tokens:
                break
            count += 1
        return count


def _too_large(prompts: int) -> ConfigError:
    return ConfigError(
        given=f"a batch of {prompts} prompt{'s' if prompts > 1 else ''}",
        why="the device has too little memory for it",
        fix="let the batch size be found (--batch-size auto), or take smaller images, another "
        "dtype or a device with more memory",
    )


def room_for(model: Any) -> int:
    """Tokens of a batch that should fit beside a model, half of its device's memory left free."""
    if model.device.type != "cuda":
        return AUTO_TOKENS
    free, _ = torch.cuda.mem_get_info(model.device)
    unused = torch.cuda.memory_reserved(model.device) - torch.cuda.memory_allocated(model.device)
    text = model.config.get_text_config()
    width = int(text.hidden_size)
    # Keys and values of all layers, and what one layer computes; queries are at least as many.
    kept = 2 * int(text.num_hidden_layers) * width
    computed = 4 * int(getattr(text, "intermediate_size", None) or 4 * width)
    each = int(model.dtype.itemsize) * (kept + computed)
    return max(AUTO_TOKENS, int(free + unused) // (2 * each))
