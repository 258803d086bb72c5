"""A picture with words under it."""

from __future__ import annotations

from PIL import Image, ImageOps

from sectow_env.game.picture import Picture
from sectow_env.images.drawing import generator
from sectow_env.images.layout import fit
from sectow_env.images.page import paragraphs_of
from sectow_env.images.sheet import SIDE, Sheet, Style

_SHARE = 0.7
"""Of the page's height, for the picture."""


def draw_caption(
    picture: Picture, text: str, style: Style, *, side: int = SIDE, jitter_key: str = ""
) -> Picture:
    """Draw a picture above its caption.

    Args:
        picture: Is scaled to the upper part of the page; its proportions stay.
        text: The caption.
        style: How the page looks; captions are never tilted.
        side: Height and width in pixels.
        jitter_key: Changes what is random about the style.

    Raises:
        TooLongError: The caption does not fit, not even in the smallest letters.
        NoGlyphError: No font has one of its characters.
        MissingExtraError: The fonts are not installed.
        ConfigError: The side is too small or too large.
    """
    sheet = Sheet(style.flat, side, generator("caption", style.name, jitter_key))
    free, corner = sheet.room, sheet.corner
    upper = int(_SHARE * free)
    shown = ImageOps.contain(picture.pil(), (free, upper), Image.Resampling.LANCZOS)
    left, top = corner + (free - shown.width) // 2, corner + (upper - shown.height) // 2
    sheet.image.paste(shown, (left, top))
    gap = side // 32
    room = (free, free - upper - gap)
    lines = paragraphs_of(text, style.weight)
    block = fit(lines, style.family, room, align="centre", middle=True, largest=room[1] // 2)
    mask = sheet.mask()
    block.draw(mask, (corner, corner + upper + gap))
    sheet.imprint(mask)
    return sheet.picture()
