"""Wrapping: a paragraph cut into lines of a width."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import Literal

from sectow_env.images.lines import Type, clusters, width

_NO_SPACES = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
"""Scripts that are written without spaces, so that a line may end nearly anywhere."""


def wrap(
    text: str, kind: Type, limit: float, base: Literal[0, 1], *, cut: bool
) -> list[str] | None:
    """The lines of a paragraph.

    Args:
        text: One paragraph, cleaned.
        kind: How its letters look.
        limit: Width of a line in pixels.
        base: 1 if the paragraph runs from right to left, else 0.
        cut: Cut words that are wider than a line.

    Returns:
        The lines, or None if a word (with `cut`: a single character) is wider than a line.

    Raises:
        NoGlyphError: No font has one of the characters.
    """
    lines: list[str] = []
    line = ""
    for piece in pieces(text):
        if width((line + piece).rstrip(), kind, base) <= limit:
            line += piece
            continue
        if line:
            lines.append(line.rstrip())
        line = piece
        while width(line.rstrip(), kind, base) > limit:
            parts = clusters(line.rstrip())
            count = _fitting(parts, kind, limit, base)
            if not cut or not count:
                return None
            lines.append("".join(parts[:count]))
            line = line[len(lines[-1]) :]
    return [*lines, line.rstrip()] if line.strip() else lines


@lru_cache(maxsize=1024)
def pieces(text: str) -> tuple[str, ...]:
    """What a line may not end inside of: words with the space behind them."""
    import regex

    without_spaces = regex.compile(_NO_SPACES)
    done: list[str] = []
    before = ""
    for part in clusters(text):
        ideographs = without_spaces.match(part) or (before and without_spaces.match(before))
        may_end = (
            (before.isspace() and not part.isspace())
            or (before == "-" and part.isalpha())
            or (ideographs and not _clings(part) and not part.isspace() and not _opens(before))
        )
        if not done or may_end:
            done.append(part)
        else:
            done[-1] += part
        before = part
    return tuple(done)


def _fitting(parts: tuple[str, ...], kind: Type, limit: float, base: Literal[0, 1]) -> int:
    """How many of the clusters fit into a line."""
    return bisect_right(
        range(1, len(parts)), limit, key=lambda count: width("".join(parts[:count]), kind, base)
    )


def _clings(part: str) -> bool:
    """Whether it may not begin a line."""
    return unicodedata.category(part[0]) in ("Pe", "Pf", "Po", "Lm", "Mn", "Mc")


def _opens(part: str) -> bool:
    """Whether it may not end a line."""
    return part != "" and unicodedata.category(part[0]) in ("Ps", "Pi")
