"""Pictures and episodes in a terminal: two pixels a character, in true colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sectow_env.match import Match
from sectow_env.picture import Picture
from sectow_env.render import Line, lines
from sectow_env.text import escaped

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.text import Text

WIDTH = 48
"""Columns of a picture."""
_UPPER_HALF = "\N{UPPER HALF BLOCK}"


def blocks(picture: Picture, width: int = WIDTH) -> Text:
    """A picture as half blocks: each character shows two pixels, one above the other.

    Args:
        picture: Any size; it is brought to the width, its proportions stay.
        width: Columns, at least 1.
    """
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    image = picture.pil()
    height = max(1, round(image.height * width / image.width / 2)) * 2
    pixels = np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))
    text = Text(no_wrap=True, end="")
    for row in range(0, height, 2):
        for column in range(width):
            ink, paper = (Color.from_rgb(*map(int, pixels[row + one, column])) for one in (0, 1))
            text.append(_UPPER_HALF, Style(color=ink, bgcolor=paper))
        text.append("\n")
    return text


def panel(match: Match | None, width: int = WIDTH) -> Group:
    """An episode as far as it has come: the latest picture, and a line for each thing said."""
    from rich.console import Group
    from rich.text import Text

    shown = match.attack.image if match is not None and match.attack is not None else None
    parts: list[Text] = [] if shown is None else [blocks(shown, width)]
    parts += [_written(line) for line in lines(match)]
    return Group(*parts, Text())


def show(match: Match | None, console: Console | None = None) -> None:
    """Write an episode to the terminal."""
    from rich.console import Console

    (console or Console(highlight=False)).print(panel(match))


def _written(line: Line) -> Text:
    from rich.text import Text

    red, green, blue = line.ink
    plain = red == green == blue
    written = Text(f"{line.label:>8}  ", style="dim")
    written.append(escaped(line.text), style="" if plain else f"bold rgb({red},{green},{blue})")
    return written
