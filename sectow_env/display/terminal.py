"""Pictures and episodes in a terminal: two pixels per character, in true colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sectow_env.display.transcript import BAD, GOOD, Line, lines
from sectow_env.game.episode_state import EpisodeState
from sectow_env.game.picture import Picture
from sectow_env.text import escaped

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.text import Text

WIDTH = 48
"""Columns of a picture."""
HEIGHT = 48
"""Maximum lines of a picture, so that a tall one does not scroll everything else away."""
_SHOWN_AT_THE_END = ("asked", "verdict")
_UPPER_HALF = "\N{UPPER HALF BLOCK}"
_RAMP = "@%#*+=-:. "
"""From dark to light."""


def blocks(picture: Picture, width: int = WIDTH, *, colour: bool = True) -> Text:
    """A picture as half blocks: each character shows two pixels, one above the other.

    Args:
        picture: Any size; it is scaled to the width, or to `HEIGHT` lines if it would be taller.
        width: Columns, at least 1.
        colour: False writes brightness as characters, for a terminal without true colour.
    """
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    image = picture.pil()
    width = max(1, min(width, round(2 * HEIGHT * image.width / image.height)))
    height = min(HEIGHT, max(1, round(image.height * width / image.width / 2))) * 2
    pixels = np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))
    text = Text(no_wrap=True, end="")
    for row in range(0, height, 2):
        for column in range(width):
            above, below = pixels[row, column], pixels[row + 1, column]
            if colour:
                ink, paper = (Color.from_rgb(*map(int, pixel)) for pixel in (above, below))
                text.append(_UPPER_HALF, Style(color=ink, bgcolor=paper))
            else:
                light = (above.mean() + below.mean()) / 2
                text.append(_RAMP[int(light * len(_RAMP) / 256)])
        text.append("\n")
    return text


def panel(state: EpisodeState | None, console: Console, *, blind: bool = False) -> Group:
    """An episode so far: the latest picture, and labelled lines.

    Args:
        state: The episode.
        console: Where it will be shown.
        blind: Leave out the request, whether it is harmful, and the verdicts, which reveal it: a
            defender does not know.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    shown = state.attack.image if state is not None and state.attack is not None else None
    colour = console.color_system in {"256", "truecolor"}
    # In columns, so that no text can imitate the label of another line.
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", width=8, style="dim")
    table.add_column(overflow="fold")
    for line in lines(state):
        if not blind or line.label not in _SHOWN_AT_THE_END:
            table.add_row(line.label, _written(line))
    return Group(*([] if shown is None else [blocks(shown, colour=colour)]), table, Text())


def show(state: EpisodeState | None, console: Console | None = None) -> None:
    """Write an episode to the terminal."""
    from sectow_env.display.console import stdout

    terminal = console or stdout()
    terminal.print(panel(state, terminal))


def _written(line: Line) -> Text:
    from rich.text import Text

    # The terminal's own colours: those of a card are made for a light background.
    return Text(escaped(line.text), {BAD: "bold red", GOOD: "bold green"}.get(line.ink, ""))
