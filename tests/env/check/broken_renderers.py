"""Renderers that break one promise each."""

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
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        return super().draw(wanted)[1:]


class Nothing(Plain):
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        return super().draw(wanted) if wanted else [draw_words(("x",))]


class Tiring(Plain):
    """Draws otherwise when it is asked for the same the third time in a row."""

    def __init__(self) -> None:
        self.last: list[Drawing] = []
        self.times = 0

    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        self.times = self.times + 1 if list(wanted) == self.last else 1
        self.last = list(wanted)
        return [draw_words(one.words, str(self.times > 2)) for one in wanted]


class Crowded(Plain):
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        return [draw_words(one.words, str(len(wanted) == 1)) for one in wanted]


class Rolling(Plain):
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        random.random()
        return super().draw(wanted)


class Ordered(Plain):
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        # One alone is its own order.
        ids = [one.words for one in wanted]
        turned = len(ids) > 1 and ids != _INCREASING(ids)
        return [draw_words(one.words, str(turned)) for one in wanted]


def _INCREASING(ids: list[Any]) -> list[Any]:  # noqa: N802  (a fixed order, set by the first call)
    _SEEN.setdefault(frozenset(ids), list(ids))
    return _SEEN[frozenset(ids)]


_SEEN: dict[Any, list[Any]] = {}


class Reading(Plain):
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        jitter_key = hash(random.getstate())
        return [draw_words(one.words, str(jitter_key)) for one in wanted]


class Nameless(Plain):
    version = ""


class Huge(Plain):
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        return [_Tall(draw_words(one.words, one.scenario.id).pixels) for one in wanted]


class _Tall(Picture):
    """Larger than a picture may be, by a way around its constructor."""

    def __init__(self, pixels: Any) -> None:
        super().__init__(pixels)
        self._pixels = np.full((MAX_SIDE + 1, 1, 3), int(pixels.sum()) % 256, dtype=np.uint8)


class Telling(Plain):
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        return [draw_words(one.words, str(one.scenario.harmful)) for one in wanted]


class Blank(Plain):
    def draw(self, wanted: Sequence[Drawing]) -> list[Picture]:
        return [draw_words(("x",), one.scenario.id) for one in wanted]


RENDERERS: dict[str, object] = {
    "one_answer_an_item": Short(),
    "empty_batch": Nothing(),
    "repeatable": Tiring(),
    "batch_equals_single": Crowded(),
    "global_random_untouched": Rolling(),
    "order_does_not_matter": Ordered(),
    "global_random_unread": Reading(),
    "properties_told": Nameless(),
    "sides_legal": Huge(),
    "label_unseen": Telling(),
    "legible_words_drawn": Blank(),
}
