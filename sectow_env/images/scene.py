"""A drawn scene without a meaning: hills, a sun and a few plain shapes."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from sectow_env.game.picture import Picture
from sectow_env.images.drawing import INK, generator
from sectow_env.images.shapes import SHAPES, draw_shape

_SKIES = ((170, 205, 235), (245, 205, 165), (205, 195, 225), (150, 170, 200))
_HILLS = ((110, 150, 90), (150, 140, 90), (95, 120, 110))


def draw_scene(size: tuple[int, int], jitter_key: str = "") -> Picture:
    """Draw a scene of a width and height in pixels; another key gives another scene."""
    rng = generator("scene", jitter_key)
    wide, high = size
    image = Image.new("RGB", size, _SKIES[rng.integers(len(_SKIES))])
    draw = ImageDraw.Draw(image)
    small = max(2, min(size) // 12)
    draw_shape(draw, "circle", (int(rng.integers(wide)), high // 5), small, (250, 235, 150))
    for row, colour in enumerate(_HILLS):
        top, phase = high * (0.5 + 0.15 * row), rng.uniform(0, 2 * math.pi)
        waves = rng.uniform(1, 2.5) * 2 * math.pi / wide
        ridge = [(x, top + high / 14 * math.sin(waves * x + phase)) for x in range(wide + 1)]
        draw.polygon([*ridge, (wide, high), (0, high)], fill=colour)
        place = (int(rng.integers(small, wide - small)), int(top))
        shape, ink = SHAPES[rng.integers(len(SHAPES))], list(INK)[rng.integers(len(INK))]
        draw_shape(draw, shape, place, small, INK[ink])
    return Picture.from_pil(image)
