"""Shared by the renderers: the canvas, its colours and its seeded jitter."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sectow_env.game.picture import Picture

SIDE = 64
"""Height and width of a drawn picture, in pixels."""
INK = {
    "red": (200, 30, 30),
    "green": (20, 140, 40),
    "blue": (30, 60, 200),
    "purple": (140, 30, 160),
}


def generator(*parts: str) -> np.random.Generator:
    """A generator seeded by what is drawn: the same parts give the same picture."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "big")))


@lru_cache(maxsize=64)
def type_face(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's built-in font at a size in pixels; cached, because loading takes 10 ms."""
    return ImageFont.load_default(size=size)


class Canvas:
    """A light page with slightly noisy paper."""

    def __init__(self, rng: np.random.Generator) -> None:
        shade = int(rng.integers(225, 256))
        self.image = Image.new("RGB", (SIDE, SIDE), (shade, shade, shade))
        self.draw = ImageDraw.Draw(self.image)
        self._rng = rng

    def jitter(self, reach: int = 2) -> tuple[int, int]:
        """A random offset in pixels, each part in [-reach, reach]."""
        x, y = self._rng.integers(-reach, reach + 1, size=2)
        return int(x), int(y)

    def text(self, text: str, centre: tuple[int, int], size: int) -> None:
        """Draw dark text around a centre."""
        ink = tuple(int(value) for value in self._rng.integers(0, 70, size=3))
        dx, dy = self.jitter()
        place = (centre[0] + dx, centre[1] + dy)
        self.draw.text(place, text, fill=ink, font=type_face(size), anchor="mm")

    def picture(self) -> Picture:
        """The page with its noise, as a picture."""
        pixels = np.asarray(self.image, dtype=np.int16)
        noise = self._rng.integers(-6, 7, size=pixels.shape, dtype=np.int16)
        return Picture(np.clip(pixels + noise, 0, 255).astype(np.uint8))
