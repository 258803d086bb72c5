"""Our own Markdown pages, shown in a terminal."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from sectow_env.display.printable import printable
from sectow_env.display.tables import print_table

_CELLS = re.compile(r"(?<!\\)\|")
_ESCAPE = re.compile(r"\\([\\|`*_\[\](])")
_MARK = re.compile(r"(?<!\\)(\*\*|`)")
_RULE = re.compile(r"\|[\s:|-]+\|")


def print_page(markdown: str, console: Console, *, keys: int = 1) -> None:
    """Print headings, paragraphs, lists and tables of a page that we wrote ourselves.

    Args:
        markdown: The page.
        console: Where it goes.
        keys: How many of the first columns of a table name its rows.
    """
    table: list[list[str]] = []
    paragraph: list[str] = []
    for line in (*markdown.splitlines(), ""):
        in_table = line.startswith("|")
        if table and not in_table:
            print_table(table[0], table[1:], console, keys=keys)
            table = []
        if paragraph and (in_table or not line or line.startswith(("#", "- "))):
            _print_text(paragraph, console)
            paragraph = []
        if in_table:
            if not _RULE.fullmatch(line):
                table.append([_plain(cell.strip()) for cell in _CELLS.split(line)[1:-1]])
        elif line.startswith("#"):
            console.print(printable(_plain(line.lstrip("# "))), style="bold")
        elif line:
            paragraph.append(line)
        else:
            console.print()


def _print_text(lines: Sequence[str], console: Console) -> None:
    text = Text("  " if lines[0].startswith("  ") else "") + printable(
        _plain(" ".join(line.strip() for line in lines))
    )
    console.print(text, soft_wrap=not console.is_terminal)


def _plain(markdown: str) -> str:
    """A text without its marks and escapes."""
    return html.unescape(_ESCAPE.sub(r"\1", _MARK.sub("", markdown)))
