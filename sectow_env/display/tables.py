"""Tables that fit the terminal: never cut inside a number, never one cell per line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sectow_env.display.printable import printable

Cell = str | Text
LONG = 20
"""A longer cell may be broken between words."""
FEW = 6
"""Up to as many rows become columns where the table is too wide."""
PADDING = 2


def print_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    console: Console,
    *,
    title: str = "",
    keys: int = 1,
) -> None:
    """Print a table in the widest form that fits.

    That is: as it is; else with rows and columns exchanged, where it has few rows; and in as many
    tables as it takes, each with the first columns again.

    Args:
        heads: The heading of each column.
        rows: The cells; a text is shown with control characters escaped.
        console: Where it goes.
        title: Printed above it.
        keys: How many of the first columns name a row.
    """
    if title:
        console.print(printable(title), style="bold")
    whole = [
        [cell if isinstance(cell, Text) else printable(cell) for cell in row]
        for row in (heads, *rows)
    ]
    for place, part in enumerate(_parts(whole, keys, console.width)):
        if place:
            console.print()
        console.print(_table(part, console.width))


def _parts(cells: list[list[Text]], keys: int, width: int) -> list[list[list[Text]]]:
    if _width(cells) <= width:
        return [cells]
    few = len(cells) <= min(FEW, len(cells[0])) + 1
    if few or _width(_columns(cells, keys, keys, keys)) + PADDING + LONG > width:
        rows = [list(row) for row in zip(*cells, strict=True)]
        # The last of the names becomes the heading.
        cells, keys = [rows[keys - 1], *rows[: keys - 1], *rows[keys:]], 1
    parts = []
    start = keys
    while start < len(cells[0]):
        end = start + 1
        while end < len(cells[0]) and _width(_columns(cells, keys, start, end + 1)) <= width:
            end += 1
        parts.append(_columns(cells, keys, start, end))
        start = end
    return parts


def _columns(cells: list[list[Text]], keys: int, start: int, end: int) -> list[list[Text]]:
    return [[*row[:keys], *row[start:end]] for row in cells]


def _width(cells: list[list[Text]]) -> int:
    return sum(_least(column) + PADDING for column in zip(*cells, strict=True)) - PADDING


def _least(column: Sequence[Text]) -> int:
    """How narrow a column may become: all of its words whole, short cells unbroken."""
    longest = max(cell.cell_len for cell in column)
    return min(longest, max(LONG, _longest_word(column)))


def _longest_word(column: Sequence[Text]) -> int:
    return max((cell_len(word) for cell in column for word in cell.plain.split()), default=0)


def _table(cells: list[list[Text]], width: int) -> Table:
    heads, *rows = cells
    fits = _width(cells) <= width
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, PADDING - 1, 0, 0), pad_edge=False)
    for place, head in enumerate(heads):
        column = [row[place] for row in cells]
        right = place > 0 and all(_is_figure(cell.plain) for cell in column[1:])
        least = _least(column)
        table.add_column(
            head,
            justify="right" if right else "left",
            overflow="fold",
            # Only what may be broken gives way, except where nothing else is left.
            no_wrap=fits and least == max(cell.cell_len for cell in column),
            min_width=min(least if fits else _longest_word(column), width // 2),
        )
    for row in rows:
        table.add_row(*row)
    return table


def _is_figure(text: str) -> bool:
    return not text or text[0] in "0123456789+-<."
