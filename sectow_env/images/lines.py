"""One line of text in any script: shaped by Raqm, in several fonts, in either direction.

Raqm orders and shapes text of one font. Here a line is cut into runs of one font and one direction,
and the runs are put in the order of the Unicode bidirectional algorithm (without explicit
embeddings, whose controls `clean` removes).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

from PIL import ImageDraw

from sectow_env.images.fonts import Face, Family, face_of

JOINERS = frozenset("\u200c\u200d")
_STRONG = {"L": "L", "R": "R", "AL": "R", "EN": "N", "AN": "N"}
_BETWEEN_DIGITS = frozenset(".,:/-+'%")


class NoGlyphError(Exception):
    """No font has a character: it must not be drawn as an empty box."""

    def __init__(self, cluster: str) -> None:
        super().__init__(f"no font has {cluster!a}")


class Type(NamedTuple):
    """How letters look."""

    family: Family = "sans"
    weight: int = 400
    size: int = 16
    """In pixels."""


class Run(NamedTuple):
    """Text of one font and one direction."""

    text: str
    face: Face
    direction: Literal["ltr", "rtl"]

    def width(self, kind: Type) -> float:
        """Its advance in pixels."""
        return _width(self, kind.size, kind.weight)


def clean(text: str) -> str:
    """What can be drawn of a text: composed, and without controls; tabs and returns are spaces."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return "".join(
        character if character == "\n" else " " if character.isspace() else character
        for character in text
        if character.isspace()
        or character in JOINERS
        or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ).strip()


@lru_cache(maxsize=4096)
def clusters(text: str) -> tuple[str, ...]:
    """What a reader sees as single characters."""
    import regex

    return tuple(regex.findall(r"\X", text))


@lru_cache(maxsize=8192)
def runs(text: str, family: Family, base: Literal[0, 1]) -> tuple[Run, ...]:
    """The runs of a line from left to right.

    Args:
        text: The line, cleaned.
        family: Whose font is tried first.
        base: 1 if the paragraph runs from right to left, else 0.

    Raises:
        NoGlyphError: No font has one of its characters.
    """
    pieces: list[tuple[str, Face, int]] = []
    face: Face | None = None
    parts = clusters(text)
    for part, level in zip(parts, _levels(parts, base), strict=True):
        face = face_of(part, family, face)
        if face is None:
            raise NoGlyphError(part)
        pieces.append((part, face, level))
    joined = [
        ("".join(part for part, _, _ in group), face, level)
        for (face, level), group in groupby(pieces, key=lambda piece: piece[1:])
    ]
    return tuple(
        Run(part, face, "rtl" if level % 2 else "ltr") for part, face, level in _visual(joined)
    )


def is_right_to_left(text: str) -> Literal[0, 1]:
    """1 if the first letter with a direction has that from right to left, else 0."""
    for character in text:
        kind = _STRONG.get(unicodedata.bidirectional(character))
        if kind in ("L", "R"):
            return 1 if kind == "R" else 0
    return 0


def width(text: str, kind: Type, base: Literal[0, 1] = 0) -> float:
    """Advance of a line in pixels.

    Raises:
        NoGlyphError: No font has one of its characters.
    """
    return sum(run.width(kind) for run in runs(text, kind.family, base))


def draw_line(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    kind: Type,
    base: Literal[0, 1] = 0,
) -> None:
    """Draw a line in white (the canvas is a mask); `place` is the left end of its base line."""
    x, y = place
    for run in runs(text, kind.family, base):
        font = run.face.at(kind.size, kind.weight)
        draw.text((x, y), run.text, fill=255, font=font, anchor="ls", direction=run.direction)
        x += run.width(kind)


@lru_cache(maxsize=65536)
def _width(run: Run, size: int, weight: int) -> float:
    return run.face.at(size, weight).getlength(run.text, direction=run.direction)


def _levels(parts: Sequence[str], base: Literal[0, 1]) -> list[int]:
    """Embedding levels: even from left to right, odd from right to left."""
    kinds = [_STRONG.get(unicodedata.bidirectional(part[0]), "O") for part in parts]
    # A separator between two digits belongs to the number.
    for index in range(1, len(parts) - 1):
        inside = kinds[index - 1] == kinds[index + 1] == "N"
        if inside and parts[index] in _BETWEEN_DIGITS:
            kinds[index] = "N"
    last = "R" if base else "L"
    for index, kind in enumerate(kinds):
        if kind == "N" and last == "L":
            kinds[index] = "L"
        elif kind in ("L", "R"):
            last = kind
    around = "R" if base else "L"
    ends = [around, *("R" if kind == "N" else kind for kind in kinds), around]
    levels = []
    for index, kind in enumerate(kinds, start=1):
        before = next(end for end in reversed(ends[:index]) if end != "O")
        after = next(end for end in ends[index:] if end != "O")
        neutral = before if before == after else around
        levels.append({"L": 2 * base, "R": 1, "N": 2}[neutral if kind == "O" else kind])
    return levels


def _visual(pieces: list[tuple[str, Face, int]]) -> list[tuple[str, Face, int]]:
    """From the highest level down to 1, what is at that level or above it is turned round."""
    for level in (2, 1):
        groups = [
            (high, list(group))
            for high, group in groupby(pieces, key=lambda piece: piece[2] >= level)
        ]
        pieces = [piece for high, group in groups for piece in (reversed(group) if high else group)]
    return pieces
