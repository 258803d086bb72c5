"""A page of text, in the largest letters that fit."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.game.picture import Picture
from sectow_env.images.drawing import generator
from sectow_env.images.layout import Paragraph, fit
from sectow_env.images.lines import clean
from sectow_env.images.sheet import SIDE, Sheet, Style


def paragraphs_of(text: str, weight: int = 400) -> list[Paragraph]:
    """The lines of a text as paragraphs, without empty ones."""
    return [Paragraph(line, weight=weight) for line in clean(text).split("\n") if line.strip()]


def draw_page(
    paragraphs: Sequence[Paragraph], style: Style, *, side: int = SIDE, jitter_key: str = ""
) -> Picture:
    """Draw a page.

    Args:
        paragraphs: Top to bottom.
        style: How the page looks.
        side: Height and width in pixels.
        jitter_key: Changes what is random about the style, not the text.

    Raises:
        TooLongError: The text does not fit, not even in the smallest letters.
        NoGlyphError: No font has one of the characters.
        MissingExtraError: The fonts are not installed.
        ConfigError: The side is too small or too large.
    """
    sheet = Sheet(style, side, generator("page", style.name, jitter_key))
    weighted = [
        paragraph._replace(weight=max(paragraph.weight, style.weight)) for paragraph in paragraphs
    ]
    room = (sheet.room, sheet.room)
    block = fit(weighted, style.family, room, align=style.align, middle=style.align == "centre")
    mask = sheet.mask()
    block.draw(mask, (sheet.corner, sheet.corner))
    sheet.imprint(mask)
    return sheet.picture()


def titled_list(title: str, items: Sequence[str]) -> list[Paragraph]:
    """A bold title above a numbered list; an empty item is a number alone."""
    return [
        Paragraph(clean(title), scale=1.25, weight=700, after=0.7),
        *(Paragraph(clean(item), marker=f"{number}.") for number, item in enumerate(items, 1)),
    ]
