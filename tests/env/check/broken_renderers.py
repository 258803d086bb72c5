"""Renderers that fail one check each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from sectow_env.game.picture import MAX_SIDE, Picture
from sectow_env.game.renderer import Drawing
from sectow_env.images.typography import Typography, draw_words


class Plain(Typography):
    """A sound renderer."""

    id = "test/plain"


class Short(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        return super().draw(drawings)[1:]


class Nothing(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        return super().draw(drawings) if drawings else [draw_words(("x",))]


class Tiring(Plain):
    """Draws differently when it gets the same batch for the third time in a row."""

    def __init__(self) -> None:
        self.last: list[Drawing] = []
        self.times = 0

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        self.times = self.times + 1 if list(drawings) == self.last else 1
        self.last = list(drawings)
        return [draw_words(drawing.words, str(self.times > 2)) for drawing in drawings]


class Crowded(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        return [draw_words(drawing.words, str(len(drawings) == 1)) for drawing in drawings]


class Rolling(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        random.random()
        return super().draw(drawings)


class Ordered(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        # A single drawing has no order.
        ids = [drawing.words for drawing in drawings]
        reordered = len(ids) > 1 and ids != _INCREASING(ids)
        return [draw_words(drawing.words, str(reordered)) for drawing in drawings]


def _INCREASING(ids: list[Any]) -> list[Any]:  # noqa: N802  (a fixed order, set by the first call)
    _SEEN.setdefault(frozenset(ids), list(ids))
    return _SEEN[frozenset(ids)]


_SEEN: dict[Any, list[Any]] = {}


class Reading(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        key = str(hash(random.getstate()))
        return [draw_words(drawing.words, key) for drawing in drawings]


class Scribbling(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        for drawing in drawings:
            if drawing.scenario.image is not None:
                drawing.scenario.image.pixels.setflags(write=True)
                drawing.scenario.image.pixels[:] = 0
        return super().draw(drawings)


class Warm(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        np.seterr(all="ignore")
        return super().draw(drawings)


class Nameless(Plain):
    version = ""


class Huge(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        return [
            _Tall(draw_words(drawing.words, drawing.scenario.id).pixels) for drawing in drawings
        ]


class _Tall(Picture):
    """Larger than a picture may be, by bypassing its constructor."""

    def __init__(self, pixels: Any) -> None:
        super().__init__(pixels)
        self._pixels = np.full((MAX_SIDE + 1, 1, 3), int(pixels.sum()) % 256, dtype=np.uint8)


class Telling(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        return [draw_words(drawing.words, str(drawing.scenario.harmful)) for drawing in drawings]


class Blank(Plain):
    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        return [draw_words(("x",), drawing.scenario.id) for drawing in drawings]


RENDERERS: dict[str, object] = {
    "one_answer_an_item": Short(),
    "empty_batch": Nothing(),
    "repeatable": Tiring(),
    "batch_equals_single": Crowded(),
    "global_random_untouched": Rolling(),
    "order_does_not_matter": Ordered(),
    "global_random_unread": Reading(),
    "inputs_unchanged": Scribbling(),
    "process_unchanged": Warm(),
    "properties_told": Nameless(),
    "sides_legal": Huge(),
    "label_unseen": Telling(),
    "legible_words_drawn": Blank(),
}
