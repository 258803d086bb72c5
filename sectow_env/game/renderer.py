"""What a renderer is: it turns the words that an attacker wrote into pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sectow_env.game.picture import Picture
from sectow_env.game.records import Scenario


class Drawing(NamedTuple):
    """A picture that is asked for."""

    words: tuple[str, ...]
    """What the attacker wrote, at least one word."""
    scenario: Scenario
    """For whose sake: its id seeds what is random, its seed image may be used."""


class Renderer(Protocol):
    """Draws in batches, and the same picture for the same words and scenario."""

    id: str
    version: str
    max_words: int
    """A longer text is off budget: such an attack is invalid."""
    legible: bool
    """Whether the picture shows the words, so that a world's rules may read them there."""

    def draw(self, drawings: Sequence[Drawing]) -> Sequence[Picture | None]:
        """One picture each, in order; None where it cannot draw one: such an attack is invalid."""
