"""How long the prompts of a run are, in tokens, its pictures included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sectow_agents.models.chat import pictures_of
from sectow_agents.models.families import family_of
from sectow_agents.models.pictures import image_tokens
from sectow_agents.planning.shapes import configuration, is_known
from sectow_env.errors import ConfigError
from sectow_env.game.messages import Conversation

CHARACTERS_PER_TOKEN = 4
_TURN = 8
"""Tokens that a chat template writes around one message."""
Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class Sample:
    """One prompt.

    Attributes:
        name: Of its scenario.
        text: Tokens of its text.
        pictures: Tokens of its pictures.
    """

    name: str
    text: int
    pictures: int

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.text + self.pictures


class Lengths:
    """Measures prompts with a model's processor; without it, text by its characters."""

    def __init__(self, source: str | Path) -> None:
        self._source = source
        self._processor = None if is_known(source) else _processor(source)
        self.family = family_of(configuration(source)[0])
        self._pictures: dict[Size, int] = {}

    @property
    def exact(self) -> bool:
        """Whether a tokenizer counts; else four characters are taken for a token."""
        return self._processor is not None

    def of(self, prompts: Sequence[tuple[str, Conversation]]) -> list[Sample]:
        """The prompts with their lengths, the longest first; a text model is shown no picture."""
        samples = [
            Sample(
                name,
                self._text(chat),
                sum(
                    self._picture(each.pixels)
                    for each in pictures_of(chat)
                    if self.family.sees_images
                ),
            )
            for name, chat in prompts
        ]
        return sorted(samples, key=lambda sample: (-sample.tokens, sample.name))

    def _text(self, chat: Conversation) -> int:
        texts = [message.text for message in chat]
        if self._processor is None:
            return sum(_TURN + math.ceil(len(text) / CHARACTERS_PER_TOKEN) for text in texts)
        tokenizer = getattr(self._processor, "tokenizer", self._processor)
        return sum(_TURN + len(tokenizer(text)["input_ids"]) for text in texts)

    def _picture(self, pixels: Any) -> int:
        size: Size = tuple(pixels.shape[:2])
        if size not in self._pictures:
            self._pictures[size] = picture_tokens(self._source, size, self._processor)
        return self._pictures[size]


def picture_tokens(source: str | Path, size: Size, processor: Any = None) -> int:
    """Tokens of one picture.

    Args:
        source: Of the model.
        size: Of the picture.
        processor: Counts, where there is one; else the rule of the model's family does.

    Raises:
        ConfigError: There is neither.
    """
    config, _ = configuration(source)
    if processor is not None:
        return image_tokens(processor, config, [size])
    rule = _RULES.get(config.model_type)
    if rule is None:
        raise ConfigError(
            given=f"the pictures of {size[0]} x {size[1]} pixels for {str(source)!r}",
            why=f"its processor is not at hand, and no rule for {config.model_type} is known",
            fix="give a folder with its processor, or a machine that reaches the hub",
        )
    return rule(config, *size)


def _merged_patches(config: Any, height: int, width: int) -> int:
    """Qwen-VL: one token for each square of patches that are merged."""
    vision = config.vision_config
    side = int(vision.patch_size) * int(vision.spatial_merge_size)
    return max(1, round(height / side)) * max(1, round(width / side))


def _tiles(config: Any, height: int, width: int) -> int:
    """Idefics3, SmolVLM: enlarged to four tiles at the longer side, and once more as a whole."""
    vision, longest = config.vision_config, 4
    patches = int(vision.image_size) // int(vision.patch_size)
    tokens = patches**2 // int(config.scale_factor) ** 2
    rows, columns = (math.ceil(longest * side / max(height, width)) for side in (height, width))
    return (rows * columns + 1) * (tokens + 2)


_RULES: dict[str, Callable[[Any, int, int], int]] = {
    "qwen2_vl": _merged_patches,
    "qwen2_5_vl": _merged_patches,
    "qwen3_vl": _merged_patches,
    "idefics3": _tiles,
    "smolvlm": _tiles,
}


def _processor(source: str | Path) -> Any:
    from transformers import AutoProcessor, AutoTokenizer

    from sectow_agents.models.hub import lookup
    from sectow_agents.models.quiet import quiet

    config, _ = configuration(source)
    kind = AutoProcessor if family_of(config).sees_images else AutoTokenizer
    with quiet():
        try:
            return kind.from_pretrained(str(source), **lookup(source))
        # Without it, lengths are estimated, and the plan says so.
        except Exception:  # noqa: BLE001
            return None
