"""Layout: paragraphs in a box, in the largest letters that fit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw

from sectow_env.images.fonts import Family
from sectow_env.images.lines import Type, draw_line, is_right_to_left, runs, width
from sectow_env.images.wrapping import wrap

Align = Literal["start", "centre"]
SMALLEST = 8
"""Size of the smallest letters that are drawn, in pixels."""
_WHOLE_WORDS = 20
"""Words are cut only where letters of the box's side by this would not do."""


class TooLongError(Exception):
    """The text does not fit, not even in the smallest letters."""


class Paragraph(NamedTuple):
    """Text with its look relative to the rest of the box."""

    text: str
    """Cleaned, without line breaks."""
    marker: str = ""
    """A number or bullet before it; its lines hang behind the marker."""
    scale: float = 1.0
    weight: int = 400
    after: float = 0.35
    """Space after it, in letters' sizes."""


class _Line(NamedTuple):
    x: float
    y: float
    text: str
    kind: Type
    base: Literal[0, 1]


class Block(NamedTuple):
    """Lines with their places in a box."""

    lines: tuple[_Line, ...]
    size: int
    """Of the letters, in pixels."""

    def draw(self, mask: Image.Image, corner: tuple[int, int]) -> None:
        """Draw the lines in white; `corner` is where the box has its upper left corner."""
        draw = ImageDraw.Draw(mask)
        for line in self.lines:
            place = (line.x + corner[0], line.y + corner[1])
            draw_line(draw, place, line.text, line.kind, line.base)

    def moved(self, right: float, down: float) -> Block:
        """The same at another place."""
        lines = (line._replace(x=line.x + right, y=line.y + down) for line in self.lines)
        return self._replace(lines=tuple(lines))


def fit(
    paragraphs: Sequence[Paragraph],
    family: Family,
    room: tuple[int, int],
    *,
    align: Align = "start",
    middle: bool = False,
    largest: int | None = None,
) -> Block:
    """Lay paragraphs out in the largest letters that fit.

    Args:
        paragraphs: Top to bottom.
        family: Of the letters.
        room: Width and height of the box in pixels.
        align: Of the lines; `start` is the right edge for text that runs from right to left.
        middle: In the middle of the box's height, else at its top.
        largest: Size of the largest letters; default: a fifth of the box's smaller side.

    Raises:
        TooLongError: They do not fit, not even in the smallest letters.
        NoGlyphError: No font has one of the characters.
    """
    top = max(SMALLEST, largest or min(room) // 5)
    whole = max(SMALLEST, min(room) // _WHOLE_WORDS)
    for cut, bottom in ((False, min(whole, top)), (True, SMALLEST)):
        # The sizes from large to small; with `key` they are False, ..., False, True, ..., True.
        sizes = range(top, bottom - 1, -1)

        def fits(size: int, cut: bool = cut) -> bool:
            return _arranged(paragraphs, family, room, size, align, cut=cut) is not None

        index = bisect_left(sizes, True, key=fits)
        for size in sizes[index:]:
            arranged = _arranged(paragraphs, family, room, size, align, cut=cut)
            if arranged is None:
                continue
            lines, height = arranged
            block = Block(tuple(lines), size).moved(0, (room[1] - height) / 2 if middle else 0)
            if (inside := _inside(block, room)) is not None:
                return inside
    raise TooLongError


def _inside(block: Block, room: tuple[int, int]) -> Block | None:
    """The block, moved so that all its ink is in the box; None if there is more ink than room.

    Some glyphs reach out of what their font states: stacked accents, for example.
    """
    margin = 4 * block.size
    mask = Image.new("L", (room[0] + 2 * margin, room[1] + 2 * margin))
    try:
        block.draw(mask, (margin, margin))
    except OSError:
        # FreeType gives up on the most intricate glyphs, such as U+FDFD, in large letters.
        return None
    ink = mask.getbbox()
    if ink is None:
        return block
    shift = []
    for low, high, side in ((ink[0], ink[2], room[0]), (ink[1], ink[3], room[1])):
        # Ink at the edge of the canvas may have been cut off there.
        if high - low > side or low == 0 or high == side + 2 * margin:
            return None
        shift.append(max(0, margin - low) or min(0, side + margin - high))
    return block.moved(*shift) if any(shift) else block


def _arranged(
    paragraphs: Sequence[Paragraph],
    family: Family,
    room: tuple[int, int],
    size: int,
    align: Align,
    *,
    cut: bool,
) -> tuple[list[_Line], float] | None:
    """The lines in letters of a size with their height, or None if they do not fit."""
    done: list[_Line] = []
    y = last = 0.0
    for paragraph in paragraphs:
        kind = Type(family, paragraph.weight, round(size * paragraph.scale))
        base = is_right_to_left(paragraph.text or paragraph.marker)
        indent = width(f"{paragraph.marker} ", kind, base) if paragraph.marker else 0.0
        wrapped = wrap(paragraph.text, kind, room[0] - indent, base, cut=cut)
        if wrapped is None:
            return None
        for index, text in enumerate(wrapped or [""]):
            ascent, descent = _reach(text or paragraph.marker or "x", kind, base)
            y += ascent
            spare = room[0] - indent - width(text, kind, base)
            start = spare / 2 if align == "centre" and not paragraph.marker else 0.0
            x = spare - start if base else indent + start
            if text:
                done.append(_Line(x, y, text, kind, base))
            if paragraph.marker and not index:
                over = room[0] - width(paragraph.marker, kind, base)
                done.append(_Line(over if base else 0.0, y, paragraph.marker, kind, base))
            y += descent
        last = paragraph.after * size
        y += last
    height = y - last
    return (done, height) if height <= room[1] else None


def _reach(text: str, kind: Type, base: Literal[0, 1]) -> tuple[int, int]:
    """How far a line's fonts reach above and below its base line."""
    faces = {run.face for run in runs(text, kind.family, base)}
    metrics = [face.at(kind.size, kind.weight).getmetrics() for face in faces]
    return max(ascent for ascent, _ in metrics), max(descent for _, descent in metrics)
