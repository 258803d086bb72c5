"""The board and reports at the terminal: tables that fit it, or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sectow_benchmarks.board.board import BoardRow
from sectow_benchmarks.board.files import to_markdown
from sectow_env.display.console import print_json, say, stdout
from sectow_env.display.page import print_page


def print_board(rows: Sequence[BoardRow]) -> None:
    """Print a board."""
    print_page(to_markdown(rows), stdout(), keys=2)


def print_report(page: Path, as_json: bool) -> None:
    """Print the board beside a report's page, and where the page is."""
    folder = page.parent
    if as_json:
        tree = json.loads((folder / "leaderboard.json").read_text("utf-8"))
        print_json({**tree, "page": str(page)})
        return
    print_page((folder / "leaderboard.md").read_text("utf-8"), stdout(), keys=2)
    say(f"page: {page.resolve()}")
