"""Typography: words drawn in large letters, one per line."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.game.picture import Picture
from sectow_env.game.renderer import Drawing
from sectow_env.images.drawing import SIDE, Canvas, generator

MAX_WORDS = 3
TYPE_SIZE = 22


def draw_words(words: tuple[str, ...], jitter_key: str = "") -> Picture:
    """Draw up to three words, one per line; further words are dropped.

    Args:
        words: The words, top to bottom.
        jitter_key: Changes the jitter, not the words.
    """
    rng = generator("typography", *words, jitter_key)
    canvas = Canvas(rng)
    lines = words[:MAX_WORDS]
    pitch = SIDE / max(1, len(lines))
    for row, word in enumerate(lines):
        size = max(8, min(TYPE_SIZE, int(1.9 * SIDE / max(1, len(word)))))
        canvas.text(word, (SIDE // 2, int(pitch * (row + 0.5))), size)
    return canvas.picture()


class Typography:
    """The renderer `sectow/typography`: words in large letters, one per line."""

    id = "sectow/typography"
    version = "1"
    max_words = MAX_WORDS
    legible = True

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        """One picture each."""
        return [draw_words(drawing.words, jitter_key=drawing.scenario.id) for drawing in drawings]
