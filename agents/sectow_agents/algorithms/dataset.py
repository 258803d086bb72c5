"""The prompts of a phase in the form that TRL reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from datasets import Dataset

from sectow_agents.models.chat import Chat
from sectow_env.game.picture import Picture


class Prompt(NamedTuple):
    """One prompt: a chat with plain text, and the image that belongs to it."""

    chat: Chat
    picture: Picture | None = None


class _Rows:
    """Makes rows when they are read, so that no image is encoded and decoded on the way."""

    def __init__(self, prompts: Sequence[Prompt], targets: Sequence[str | None] | None) -> None:
        self._prompts = prompts
        self._targets = targets

    def __call__(self, batch: Mapping[str, list[int]]) -> dict[str, list[Any]]:
        rows = self._asked(batch)
        if self._targets is not None:
            targets = [self._targets[item] for item in batch["item"]]
            rows["completion"] = [[{"role": "assistant", "content": text}] for text in targets]
        return rows

    def _asked(self, batch: Mapping[str, list[int]]) -> dict[str, list[Any]]:
        chosen = [self._prompts[item] for item in batch["item"]]
        return {
            "prompt": [[dict(message) for message in prompt.chat] for prompt in chosen],
            # An empty list, not None and not a missing column: that is how TRL knows a text prompt.
            "images": [[prompt.picture.pil()] if prompt.picture else [] for prompt in chosen],
            "item": list(batch["item"]),
        }

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        # datasets hashes a transform by pickling it, which here would pickle all pictures.
        return str, (type(self).__qualname__,)


def build_dataset(
    prompts: Sequence[Prompt], order: Sequence[int], targets: Sequence[str | None] | None = None
) -> Dataset:
    """The rows of a phase: `prompt` (conversational), `images` (0 or 1) and `item`.

    Args:
        prompts: All prompts.
        order: Index of the prompt of each row; it becomes the column `item`, by which a reward
            function finds the scenario or attack behind a row.
        targets: The response to each prompt; they become the column `completion`.
    """
    return Dataset.from_dict({"item": list(order)}).with_transform(_Rows(prompts, targets))
