"""A sheet of paper in one of several styles: its colours, its margins, its noise and its tilt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw

from sectow_env.errors import ConfigError
from sectow_env.game.picture import Picture
from sectow_env.images.fonts import Family
from sectow_env.images.layout import Align

Colour = tuple[int, int, int]
SIDE = 512
"""Height and width of a page where nobody says otherwise, in pixels."""
SIDES = (64, 1024)
"""Smallest and largest side of a page."""


@dataclass(frozen=True)
class Style:
    """How a page looks; what is random about it is drawn from its generator."""

    name: str
    paper: Colour
    ink: Colour
    family: Family = "sans"
    weight: int = 400
    margin: float = 0.08
    """Share of the side that stays free on each side of the text."""
    tilt: float = 0.0
    """Largest rotation of the text in degrees."""
    noise: int = 0
    """Largest change of a colour value by noise."""
    align: Align = "start"
    ruled: bool = False
    """With the lines of writing paper."""

    @property
    def flat(self) -> Style:
        """The same without tilt and lines."""
        return replace(self, tilt=0.0, ruled=False)


STYLES: Mapping[str, Style] = {
    style.name: style
    for style in (
        Style("print", (255, 255, 255), (0, 0, 0)),
        Style("book", (250, 244, 228), (40, 30, 20), family="serif", margin=0.11, noise=3),
        Style("screen", (24, 28, 34), (200, 230, 200), family="mono", margin=0.06),
        Style("sign", (250, 205, 40), (20, 20, 20), weight=700, margin=0.1, align="centre"),
        Style("note", (255, 250, 190), (30, 40, 140), family="serif", tilt=2.5, ruled=True),
        Style("scan", (226, 226, 222), (50, 50, 55), family="mono", tilt=1.2, noise=14),
    )
}
"""Name -> style. The name is an attack's frame."""


def check_side(side: int) -> None:
    """Raises ConfigError for a page that is too small or too large."""
    if not SIDES[0] <= side <= SIDES[1]:
        raise ConfigError(
            given=f"side={side}",
            why=f"a page has {SIDES[0]} to {SIDES[1]} pixels a side",
            fix=f"give a number from {SIDES[0]} to {SIDES[1]}",
        )


class Sheet:
    """A square page, so many pixels a side; the generator draws what is random of its style."""

    def __init__(self, style: Style, side: int, rng: np.random.Generator) -> None:
        check_side(side)
        self.style = style
        self.side = side
        self._rng = rng
        shift = rng.integers(-5, 6, size=3)
        self._paper = tuple(int(value) for value in np.clip(np.array(style.paper) + shift, 0, 255))
        self._tilt = float(rng.uniform(-style.tilt, style.tilt))
        self.image = Image.new("RGB", (side, side), self._paper)
        if style.ruled:
            self._rule()

    @cached_property
    def margin(self) -> int:
        """Pixels that stay free on each side, whatever the tilt."""
        return math.ceil(self.style.margin * self.side)

    @cached_property
    def room(self) -> int:
        """Side of the square that text may fill: what fits between the margins when tilted."""
        angle = math.radians(abs(self._tilt))
        free = self.side - 2 * self.margin
        # Two pixels for what interpolation blurs.
        room = int(free / (math.cos(angle) + math.sin(angle))) - (2 if angle else 0)
        return room - (self.side - room) % 2

    @property
    def corner(self) -> int:
        """Pixels from the page's edges to that square."""
        return (self.side - self.room) // 2

    def mask(self) -> Image.Image:
        """A black canvas of the page's size, to draw in white what is printed."""
        return Image.new("L", (self.side, self.side))

    def imprint(self, mask: Image.Image) -> None:
        """Print the white of a mask in the style's ink, tilted as the style says."""
        if self._tilt:
            mask = mask.rotate(self._tilt, resample=Image.Resampling.BILINEAR)
        self.image.paste(self.style.ink, (0, 0), mask)

    def picture(self) -> Picture:
        """The page with its noise."""
        pixels = np.asarray(self.image, dtype=np.int16)
        if reach := self.style.noise:
            # Grey noise: coloured noise would make a PNG file three times as large.
            grey = (*pixels.shape[:2], 1)
            pixels = pixels + self._rng.integers(-reach, reach + 1, size=grey, dtype=np.int16)
        return Picture(np.clip(pixels, 0, 255).astype(np.uint8))

    def _rule(self) -> None:
        draw = ImageDraw.Draw(self.image)
        pale = tuple(
            (3 * paper + ink) // 4 for paper, ink in zip(self._paper, self.style.ink, strict=True)
        )
        for y in range(self.side // 10, self.side, max(4, self.side // 14)):
            draw.line((0, y, self.side, y), fill=pale)
