"""The base of channels that draw a page: words in a picture, and a query that points to it."""

from __future__ import annotations

import textwrap
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from sectow_env.channels.base import PackChannel, Writing
from sectow_env.channels.slots import Slot, Slots
from sectow_env.game.picture import Picture
from sectow_env.game.records import Attack, Scenario
from sectow_env.game.renderer import Renderer
from sectow_env.images.layout import TooLongError
from sectow_env.images.lines import NoGlyphError, clean
from sectow_env.images.sheet import SIDE, STYLES, Style, check_side


def query_slot(example: str, meaning: str = "what to say about the picture") -> Slot:
    """The text beside the picture."""
    return Slot("query", meaning, example, 400)


class PageChannel(PackChannel):
    """A channel whose picture is drawn here, in one of the styles of a page.

    What cannot be drawn (no font has a character, the words do not fit, nothing is left of them)
    is an invalid attack.

    Args:
        side: Height and width of the picture in pixels.

    Raises:
        ConfigError: The side is too small or too large.
    """

    draws = True
    styles = tuple(STYLES)
    queries: tuple[str, ...] = ()
    """What scripts say about the picture, and channels whose attacker writes no query."""

    def __init__(self, side: int = SIDE) -> None:
        check_side(side)
        self.side = side

    @abstractmethod
    def words(self, slots: Slots) -> str:
        """All words of the picture."""

    def query(self, slots: Slots, scenario: Scenario) -> str:
        """The text beside the picture."""
        del scenario
        return slots["query"]

    @abstractmethod
    def draw(self, slots: Slots, scenario: Scenario, style: Style) -> Picture:
        """The picture; it may raise `TooLongError` and `NoGlyphError`."""

    def render(self, writings: Sequence[Writing], renderer: Renderer) -> list[Attack | None]:
        """The page and the query."""
        del renderer
        return [self._attack(*writing) for writing in writings]

    def _attack(self, slots: Slots, scenario: Scenario, style: str) -> Attack | None:
        words = " ".join(clean(self.words(slots)).split())
        if not words:
            return None
        try:
            picture = self.draw(slots, scenario, STYLES[style])
        except (NoGlyphError, TooLongError):
            return None
        return Attack(query=self.query(slots, scenario), image=picture, drawn=words)

    def pointing(self, rng: np.random.Generator) -> str:
        """One of the queries."""
        return str(rng.choice(self.queries))


def request_within(scenario: Scenario, longest: int) -> str:
    """A scenario's request in words for scripts, cut after the last word that fits."""
    texts = (" ".join(text.split()) for text in (scenario.query, scenario.behavior) if text)
    text = next((text for text in texts if len(text) <= longest), scenario.behavior)
    return shortened(text, longest)


def shortened(text: str, longest: int) -> str:
    """A text in one line, cut after the last word that fits."""
    line = " ".join(text.split())
    return textwrap.shorten(line, longest, placeholder="") or line[:longest]
