"""Figures and tables as Markdown: in one form on every page, and safe for any reader."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sectow_benchmarks.stats import Estimate

NOTHING = "-"


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, escape: bool = False, rule: str = "---"
) -> list[str]:
    """The lines of a table.

    Args:
        heads: The heading of each column.
        rows: The cells of each row.
        escape: Whether cells are texts from elsewhere; else they are Markdown.
        rule: What is between the bars under a heading.
    """
    heading, *lines = (
        f"| {' | '.join(map(md_safe, cells) if escape else cells)} |" for cells in (heads, *rows)
    )
    return [heading, "|" + f"{rule}|" * len(heads), *lines]


def shown(
    estimate: Estimate | None, *, signed: bool = False, digits: int = 3, count: str = " n={}"
) -> str:
    """Value, interval and n of an estimate, or a dash where nothing was scored.

    Args:
        estimate: What is shown.
        signed: Whether a plus is written, as for a change.
        digits: Decimal places.
        count: How n is written; empty leaves it out.
    """
    if estimate is None or not estimate.known:
        return NOTHING
    spec = f"{'+' * signed}.{digits}f"
    value, low, high = (format(x, spec) for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]{count.format(estimate.n)}"


def number(value: float | None, digits: int = 3) -> str:
    """A number, or a dash where there is no value."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.{digits}f}"


def yes(true: bool) -> str:
    """How a floor or target that was met, or missed, is marked."""
    return "yes" if true else "**no**"


def printable_line(text: str) -> str:
    """A text in one line, without what would steer a terminal or turn its order."""
    return " ".join(
        "".join(character if character.isprintable() else " " for character in text).split()
    )


def md_safe(text: str) -> str:
    """A text that cannot end its cell, bring markup of its own, or steer a terminal."""
    flat = printable_line(text)
    for mark in "\\|`*_":
        flat = flat.replace(mark, f"\\{mark}")
    # An interval has brackets of its own; only what would make a link is broken.
    flat = flat.replace("](", "]\\(")
    return flat.replace("<", "&lt;").replace(">", "&gt;")
