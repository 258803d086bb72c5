"""Steps in boxes, with an arrow from each to the next."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import ImageDraw

from sectow_env.game.picture import Picture
from sectow_env.images.drawing import generator
from sectow_env.images.layout import fit
from sectow_env.images.page import paragraphs_of
from sectow_env.images.sheet import SIDE, Sheet, Style

_GAP = 0.3
"""Height of an arrow as a share of a box's."""


def draw_flowchart(
    steps: Sequence[str], style: Style, *, side: int = SIDE, jitter_key: str = ""
) -> Picture:
    """Draw steps from top to bottom, all in letters of one size.

    Args:
        steps: At least one; one without text is an empty box.
        style: How the page looks.
        side: Height and width in pixels.
        jitter_key: Changes what is random about the style.

    Raises:
        TooLongError: A step does not fit its box, not even in the smallest letters.
        NoGlyphError: No font has one of the characters.
        MissingExtraError: The fonts are not installed.
        ConfigError: The side is too small or too large.
    """
    sheet = Sheet(style, side, generator("flowchart", style.name, jitter_key))
    free, corner = sheet.room, sheet.corner
    high = int(free / (len(steps) + _GAP * (len(steps) - 1)))
    gap = int(_GAP * high)
    border, inset = max(1, side // 200), max(2, side // 50)
    room = (free - 2 * inset, high - 2 * inset)
    texts = [paragraphs_of(step, style.weight) for step in steps]
    size = min(fit(text, style.family, room, largest=room[1] // 2).size for text in texts)
    mask = sheet.mask()
    draw = ImageDraw.Draw(mask)
    for row, text in enumerate(texts):
        top = corner + row * (high + gap)
        block = fit(text, style.family, room, align="centre", middle=True, largest=size)
        block.draw(mask, (corner + inset, top + inset))
        box = (corner, top, corner + free - 1, top + high - 1)
        draw.rounded_rectangle(box, inset, outline=255, width=border)
        if row:
            _arrow(draw, side // 2, top - gap, top, border)
    sheet.imprint(mask)
    return sheet.picture()


def _arrow(draw: ImageDraw.ImageDraw, x: int, top: int, bottom: int, width: int) -> None:
    head = max(2, (bottom - top) // 2)
    draw.line((x, top, x, bottom - head), fill=255, width=width)
    tip = ((x - head // 2, bottom - head), (x + head // 2, bottom - head), (x, bottom - 1))
    draw.polygon(tip, fill=255)
