"""Untrusted texts on a terminal."""

from __future__ import annotations

from rich.text import Text

from sectow_env.text import escaped


def printable(text: str, *, lines: bool = False) -> Text:
    """A text that is safe to print: not read as markup, with control characters escaped.

    Args:
        text: From anywhere.
        lines: Whether it may have several lines; else line breaks are escaped too, so that a name
            cannot imitate a line of ours.
    """
    return Text(escaped(text) if lines else one_line(text))


def one_line(text: str) -> str:
    """A text with control characters and line breaks escaped."""
    return escaped(text).replace("\n", "\\n")
