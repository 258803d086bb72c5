"""The board as files: JSON, CSV, Markdown and LaTeX, with intervals and n, safe for any reader."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sectow_benchmarks.board.columns import GROUPS, reasons_of, tables_of
from sectow_benchmarks.board.entry import Board
from sectow_benchmarks.board.markdown import md_safe, printable_line, table
from sectow_benchmarks.board.words import ground, made_by, not_refused, ranking


def files_of(board: Board) -> dict[str, str]:
    """The files of a board by name."""
    return {
        "leaderboard.md": to_markdown(board),
        "leaderboard.csv": to_csv(board),
        "leaderboard.json": to_json(board),
        "leaderboard.tex": to_latex(board),
    }


def to_json(board: Board) -> str:
    """The board as JSON, with all intervals; its schema is `Board.model_json_schema()`."""
    # Pure ASCII, so that no name in it steers a terminal.
    return json.dumps(board.model_dump(mode="json"), indent=2, allow_nan=False) + "\n"


def to_csv(board: Board) -> str:
    """The board as CSV: value, interval and n of each figure in columns of their own."""
    return csv_of([dict(_flat(row.model_dump(mode="json"))) for row in board.rows])


def csv_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV: every column that one of them has, in which no spreadsheet finds a formula."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def to_markdown(board: Board) -> str:
    """The board as Markdown: the table of few columns, and one for each group of columns."""
    lines: list[str] = []
    for place, part in enumerate(tables_of(board, GROUPS)):
        lines += ["", f"## {part.title}", ""] if place else []
        lines += table(part.heads, part.rows, escape=True, rule=" --- ")
    for note in reasons_of(board):
        lines += ["", md_safe(note)]
    for note in notes_of(board):
        lines += ["", note]
    return "\n".join(lines) + "\n"


def to_latex(board: Board) -> str:
    """The board as LaTeX: one table of booktabs for each of those in Markdown."""
    import pandas as pd

    parts = ["% Needs \\usepackage{booktabs}."]
    for part in tables_of(board, GROUPS):
        rows = [[printable_line(cell) for cell in row] for row in part.rows]
        frame = pd.DataFrame(rows, columns=[printable_line(head) for head in part.heads])
        parts.append(f"% {part.title}\n{frame.to_latex(index=False, escape=True)}")
    return "\n".join(parts)


def notes_of(board: Board) -> list[str]:
    """What was asked, how the intervals are made and how rows are ranked: paragraphs."""
    if not board.rows:
        return []
    first = board.rows[0]
    methods = (
        value
        for row in board.rows
        for key, value in _flat(row.model_dump(mode="json"))
        if key.endswith(".method") and value != "none"
    )
    how = made_by(methods)
    return [
        *map(md_safe, not_refused(board)),
        f"{md_safe(ground(board))} {how} n: scored items.",
        ranking(first.split or "", board.gates),
    ]


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a tree, with dots in their names."""
    for key, value in tree.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            yield name, " ".join(map(str, value)) if isinstance(value, list) else value


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value
