"""The board and reports at the terminal: tables that fit it, or JSON."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sectow_benchmarks.board.columns import Group, reasons_of, tables_of
from sectow_benchmarks.board.entry import Board
from sectow_benchmarks.board.files import notes_of
from sectow_env.display.console import print_json, say, stdout
from sectow_env.display.page import print_page
from sectow_env.display.printable import one_line
from sectow_env.display.tables import print_table
from sectow_env.reading import read_model


def print_board(board: Board, groups: Collection[Group] = ()) -> None:
    """Print a board; `groups` are columns that are shown beside the few."""
    for place, part in enumerate(tables_of(board, groups)):
        if place:
            say("")
        title = part.title if place else ""
        print_table(part.heads, part.rows, stdout(), title=title, keys=2)
    for line in reasons_of(board):
        say(one_line(line))
    print_page("\n" + "\n\n".join(notes_of(board)), stdout())


def print_report(page: Path, as_json: bool, groups: Collection[Group] = ()) -> None:
    """Print the board beside a report's page, and where the page is."""
    board = read_model(page.parent / "leaderboard.json", Board)
    if as_json:
        print_json({**board.model_dump(mode="json"), "page": str(page)})
        return
    print_board(board, groups)
    say(f"page: {page.resolve()}")
