"""Texts of others on a terminal."""

from __future__ import annotations

from rich.text import Text

from sectow_env.text import escaped


def printable(text: str) -> Text:
    """A text as it can be shown: no markup, and control characters in their escaped spelling."""
    return Text(escaped(text))
