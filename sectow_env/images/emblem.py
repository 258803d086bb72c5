"""Emblems: three glyphs, one a syllable; a glyph is a shape in a colour."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.images.drawing import INK, SIDE, Canvas, generator
from sectow_env.images.shapes import SHAPES, draw_shape
from sectow_env.picture import Picture

GLYPHS = tuple((shape, colour) for shape in SHAPES for colour in INK)


def draw_emblem(glyphs: Sequence[int], salt: str = "") -> Picture:
    """Draw glyphs side by side.

    Args:
        glyphs: Indices into `GLYPHS`, left to right, at most three.
        salt: Changes the jitter, not the glyphs.
    """
    rng = generator("emblem", *map(str, glyphs), salt)
    canvas = Canvas(rng)
    pitch = SIDE / max(1, len(glyphs))
    for column, glyph in enumerate(glyphs):
        shape, colour = GLYPHS[glyph % len(GLYPHS)]
        dx, dy = canvas.jitter(1)
        centre = (int(pitch * (column + 0.5)) + dx, SIDE // 2 + dy)
        draw_shape(canvas.draw, shape, centre, 8, INK[colour])
    return canvas.picture()
