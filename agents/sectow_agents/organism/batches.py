"""From lessons to tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from sectow_agents.organism.architecture import IMAGE_TOKENS
from sectow_agents.organism.vocabulary import ASSISTANT, END, IMAGE, PAD, SYSTEM, USER, vocabulary
from sectow_env.game.picture import Picture

IGNORE = -100


@dataclass(frozen=True)
class Lesson:
    """One supervised example in chat form."""

    query: str
    response: str
    picture: Picture | None = None
    system: str | None = None
    prefix: str = ""
    """Beginning of the response that is given, not learned."""


def to_pixels(pictures: Sequence[Picture]) -> torch.Tensor:
    """Pixel values as the processor gives them: (batch, 3, side, side), float32 in [-1, 1]."""
    stacked = np.stack([picture.pixels for picture in pictures])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 127.5 - 1.0


class Encoder:
    """Writes lessons as token ids, the same that the processor's chat template gives."""

    def __init__(self) -> None:
        self._ids = vocabulary()

    def ids(self, lesson: Lesson) -> tuple[list[int], int]:
        """Token ids, and how many of them at the start are not learned."""
        words = [] if lesson.system is None else [SYSTEM, *lesson.system.split()]
        words += [USER, *([IMAGE] * IMAGE_TOKENS if lesson.picture else []), *lesson.query.split()]
        words += [ASSISTANT, *lesson.prefix.split()]
        given = len(words)
        words += [*lesson.response.split(), END]
        return [self._ids[word] for word in words], given

    def batch(self, lessons: Sequence[Lesson]) -> dict[str, torch.Tensor]:
        """Model inputs with labels, right-padded; all lessons have a picture, or none has."""
        coded = [self.ids(lesson) for lesson in lessons]
        longest = max(len(ids) for ids, _ in coded)
        inputs = torch.full((len(coded), longest), self._ids[PAD])
        labels = torch.full((len(coded), longest), IGNORE)
        mask = torch.zeros((len(coded), longest), dtype=torch.long)
        for row, (ids, given) in enumerate(coded):
            inputs[row, : len(ids)] = torch.tensor(ids)
            labels[row, given : len(ids)] = torch.tensor(ids[given:])
            mask[row, : len(ids)] = 1
        batch = {"input_ids": inputs, "attention_mask": mask, "labels": labels}
        pictures = [lesson.picture for lesson in lessons if lesson.picture is not None]
        if pictures:
            batch["pixel_values"] = to_pixels(pictures)
        return batch
