"""An episode for people: as a transcript or as a card."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sectow_env.display.transcript import Line, lines
from sectow_env.errors import ConfigError
from sectow_env.game.episode_state import EpisodeState
from sectow_env.game.picture import Picture, Pixels
from sectow_env.text import escaped

RENDER_MODES = ("human", "ansi", "rgb_array")
METADATA: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 1}
CARD_SIZE = (512, 352)
"""Width and height of a card, in pixels."""
_SIDE = 192
_MARGIN = 16
_TEXT_SIZE = 12
_LINE_HEIGHT = 16
_COLUMNS = 42
_ROWS = 3
_MAX_WRAPPED = 1000
_INDENT = 10
_PAPER, _FAINT = (252, 251, 247), (150, 146, 138)


def check_render_mode(mode: str | None) -> None:
    """Raise ConfigError for an unknown render mode."""
    if mode is not None and mode not in RENDER_MODES:
        raise ConfigError(
            given=f"render_mode={mode!r}",
            why="it is not a render mode",
            fix=f"choose from {', '.join(map(repr, RENDER_MODES))}, or leave it out",
        )


def render(state: EpisodeState | None, mode: str | None) -> str | Pixels | None:
    """An episode in a render mode; None without one, and for `human`, which prints it."""
    if mode is None:
        return None
    if mode == "human":
        from sectow_env.display.terminal import show

        show(state)
        return None
    return transcript(state) if mode == "ansi" else card(state)


def transcript(state: EpisodeState | None) -> str:
    """An episode so far as text; no text in it can imitate another line."""
    hanging = "\n" + " " * _INDENT
    return "\n".join(
        f"{line.label:>8}  {escaped(line.text)}".replace("\n", hanging) for line in lines(state)
    )


def card(state: EpisodeState | None) -> Pixels:
    """An episode as a picture: the attack's image, its query, the response and the verdict.

    Returns:
        An array of shape (352, 512, 3), uint8.
    """
    page = Image.new("RGB", CARD_SIZE, _PAPER)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=_TEXT_SIZE)
    shown = state.attack.image if state and state.attack else None
    if shown is None:
        draw.text((_MARGIN + 8, _MARGIN + 8), "no image", fill=_FAINT, font=font)
    else:
        _paste(page, shown)
    draw.rectangle((_MARGIN - 1, _MARGIN - 1, _MARGIN + _SIDE, _MARGIN + _SIDE), outline=_FAINT)
    left, top = 2 * _MARGIN + _SIDE, _MARGIN
    for line in _last_turn(state):
        draw.text((left, top), line.label, fill=_FAINT, font=font)
        top += _LINE_HEIGHT
        for row in textwrap.wrap(line.text[:_MAX_WRAPPED], _COLUMNS)[:_ROWS]:
            draw.text((left, top), row, fill=line.ink, font=font)
            top += _LINE_HEIGHT
    return np.array(page, dtype=np.uint8)


def _paste(page: Image.Image, picture: Picture) -> None:
    image = picture.pil()
    scale = _SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    resized = image.resize((width, height), Image.Resampling.NEAREST)
    page.paste(resized, (_MARGIN + (_SIDE - width) // 2, _MARGIN + (_SIDE - height) // 2))


def _last_turn(state: EpisodeState | None) -> list[Line]:
    """What fits on a card: the request, the number of turns, and the last turn."""
    shown = lines(state)
    starts = [index for index, line in enumerate(shown) if line.label == "query"]
    if len(starts) < 2:
        return shown
    request = shown[0]._replace(text=f"{shown[0].text}, turn {len(starts)}")
    return [request, *shown[starts[-1] :]]
