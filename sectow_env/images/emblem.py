"""Emblems: three glyphs, one per syllable; a glyph is a coloured shape."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.game.picture import Picture
from sectow_env.game.renderer import Drawing
from sectow_env.images.drawing import INK, SIDE, Canvas, generator
from sectow_env.images.shapes import SHAPES, draw_shape

GLYPHS = tuple((shape, colour) for shape in SHAPES for colour in INK)


def draw_emblem(glyphs: Sequence[int], jitter_key: str = "") -> Picture:
    """Draw glyphs side by side.

    Args:
        glyphs: Indices into `GLYPHS`, left to right, at most three.
        jitter_key: Changes the jitter, not the glyphs.
    """
    rng = generator("emblem", *map(str, glyphs), jitter_key)
    canvas = Canvas(rng)
    pitch = SIDE / max(1, len(glyphs))
    for column, glyph in enumerate(glyphs):
        shape, colour = GLYPHS[glyph % len(GLYPHS)]
        dx, dy = canvas.jitter(1)
        centre = (int(pitch * (column + 0.5)) + dx, SIDE // 2 + dy)
        draw_shape(canvas.draw, shape, centre, 8, INK[colour])
    return canvas.picture()


class Emblem:
    """The renderer `sectow/emblem`: up to three glyphs, each written as colour and shape.

    `red circle blue star` draws two glyphs. Anything else draws nothing.
    """

    id = "sectow/emblem"
    version = "1"
    max_words = 6
    legible = False

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture | None]:
        """One picture each, None for words that are not glyphs."""
        return [self._draw(drawing) for drawing in drawings]

    def _draw(self, drawing: Drawing) -> Picture | None:
        pairs = list(zip(drawing.words[1::2], drawing.words[::2], strict=False))
        if len(drawing.words) % 2 or not set(pairs) <= set(GLYPHS):
            return None
        return draw_emblem([GLYPHS.index(pair) for pair in pairs], jitter_key=drawing.scenario.id)
