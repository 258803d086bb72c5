"""What asking costs: tokens by a stated rule, and money by a price."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sectow_env.errors import ConfigError
from sectow_env.game.asking import defence_conversation
from sectow_env.game.messages import Message
from sectow_env.game.picture import Picture
from sectow_env.game.records import Attack

CHARACTERS = 4
"""Characters of a token, where no tokenizer is here."""
SIDE = 28
"""A picture counts a token for each square of so many pixels a side."""
FRAME = 4
"""Tokens of a message beside its text."""
MILLION = 1_000_000
Count = Callable[[str], int]
"""Tokens of a text."""


class Price(NamedTuple):
    """Money for a million tokens."""

    prompt: float
    answer: float

    @classmethod
    def read(cls, text: str, option: str) -> Price:
        """What a user wrote as `IN,OUT`.

        Raises:
            ConfigError: It is not two amounts.
        """
        try:
            prompt, answer = map(float, text.split(","))
        except ValueError:
            prompt = answer = math.nan
        if not (0 <= prompt < math.inf and 0 <= answer < math.inf):
            raise ConfigError(
                given=f"{option} {text!r}",
                why="it is not two amounts of money",
                fix=f'give the prices of a million prompt and answer tokens: {option} "0.15,0.60"',
            )
        return cls(prompt, answer)

    def of(self, prompt: int, answer: int) -> float:
        """The money for so many tokens."""
        return (prompt * self.prompt + answer * self.answer) / MILLION


def by_rule(text: str) -> int:
    """Tokens of a text by the rule: one for every four characters, rounded up."""
    return math.ceil(len(text) / CHARACTERS)


def counter(folder: str | Path | None) -> Count | None:
    """The count of a model's own tokenizer, where its folder is on this machine; else None."""
    if folder is None or not (Path(folder) / "tokenizer_config.json").is_file():
        return None
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)

    def count(text: str) -> int:
        ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return len(ids)

    return count


def prompt_tokens(attack: Attack, system: str | None, prefix: str, count: Count) -> int:
    """Tokens of what a defender is shown."""
    conversation = defence_conversation(attack, system)
    return conversation_tokens(conversation, count) + (count(prefix) if prefix else 0)


def conversation_tokens(messages: Sequence[Message], count: Count = by_rule) -> int:
    """Tokens of a conversation, its pictures among them."""
    return sum(
        FRAME + count(message.text) + sum(map(picture_tokens, message.pictures))
        for message in messages
    )


def picture_tokens(picture: Picture) -> int:
    """Tokens of a picture by the rule."""
    height, width = picture.pixels.shape[:2]
    return -(-int(height) // SIDE) * -(-int(width) // SIDE)


def total(numbers: Iterable[int | None]) -> int | None:
    """A sum; None where a part is not known."""
    known = list(numbers)
    return None if None in known else sum(number or 0 for number in known)
