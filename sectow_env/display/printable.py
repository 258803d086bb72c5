"""Untrusted texts on a terminal."""

from __future__ import annotations

from rich.text import Text

from sectow_env.text import escaped


def printable(text: str) -> Text:
    """A text that is safe to print: not read as markup, with control characters escaped."""
    return Text(escaped(text))
