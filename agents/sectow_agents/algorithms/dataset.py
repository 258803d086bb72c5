"""The prompts of a phase in the form that TRL reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from datasets import Dataset

from sectow_agents.models.chat import as_blocks, inert, pictures_of
from sectow_env.game.messages import Conversation
from sectow_env.game.picture import Picture


class Prompt(NamedTuple):
    """What the trained model is asked."""

    conversation: Conversation

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures, in order."""
        return pictures_of(self.conversation)

    def inert(self, control: Iterable[str]) -> Prompt:
        """The prompt with the control tokens in it broken up; see `models.chat.inert`."""
        return Prompt(inert(self.conversation, control))

    def messages(self) -> list[dict[str, Any]]:
        """As TRL reads it: plain texts where it puts the pictures in their place by itself."""
        chat = self.conversation
        first = next((message for message in chat if message.role == "user"), None)
        later = [message for message in chat if message is not first and message.pictures]
        if later or (first is not None and any(first.places)):
            return as_blocks(chat)
        return [{"role": message.role, "content": message.text} for message in chat]


class _Rows:
    """Makes rows when they are read, so that no image is encoded and decoded on the way."""

    def __init__(
        self, prompts: Sequence[Prompt], targets: Sequence[str | None] | None, pictures: bool
    ) -> None:
        self._prompts = prompts
        self._targets = targets
        self._pictures = pictures

    def __call__(self, batch: Mapping[str, list[int]]) -> dict[str, list[Any]]:
        rows = self._prompt_columns(batch)
        if self._targets is not None:
            targets = [self._targets[item] for item in batch["item"]]
            rows["completion"] = [[{"role": "assistant", "content": text}] for text in targets]
        return rows

    def _prompt_columns(self, batch: Mapping[str, list[int]]) -> dict[str, list[Any]]:
        chosen = [self._prompts[item] for item in batch["item"]]
        columns: dict[str, list[Any]] = {
            "prompt": [prompt.messages() for prompt in chosen],
            "item": list(batch["item"]),
        }
        if self._pictures:
            # An empty list, not None: that is how TRL knows a text prompt.
            columns["images"] = [[shown.pil() for shown in prompt.pictures] for prompt in chosen]
        return columns

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        # datasets hashes a transform by pickling it, which here would pickle all pictures.
        return str, (type(self).__qualname__,)


def build_dataset(
    prompts: Sequence[Prompt],
    order: Sequence[int],
    targets: Sequence[str | None] | None = None,
    *,
    pictures: bool = True,
) -> Dataset:
    """The rows of a phase: `prompt` (conversational), `images` and `item`.

    Args:
        prompts: All prompts.
        order: Index of the prompt of each row; it becomes the column `item`, by which a reward
            function finds the scenario or attack behind a row.
        targets: The response to each prompt; they become the column `completion`.
        pictures: The model sees pictures. For one that does not, TRL wants neither the column
            `images` nor rows that are made when they are read.
    """
    items = {"item": list(order)}
    rows = _Rows(prompts, targets, pictures)
    return (
        Dataset.from_dict(items).with_transform(rows)
        if pictures
        else Dataset.from_dict(rows(items))
    )
