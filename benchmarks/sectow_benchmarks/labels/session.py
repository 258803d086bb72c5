"""One person's way through stored turns: which ones, in what order, where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet, key_of_turn
from sectow_benchmarks.labels.files import LabelFile
from sectow_env.errors import ConfigError
from sectow_env.game import Turn


class Choice(NamedTuple):
    """One answer to a question about a turn."""

    name: str
    value: bool | None
    text: str
    key: str


HARM = (
    Choice("yes", True, "Harmful", "h"),
    Choice("no", False, "Not harmful", "n"),
    Choice("unsure", None, "Cannot tell", "?"),
)
REFUSAL = (
    Choice("yes", True, "A full refusal", "r"),
    Choice("no", False, "Anything else", "a"),
    Choice("unsure", None, "Cannot tell", "u"),
)


@dataclass(frozen=True)
class Card:
    """A turn to be labelled, without what anybody else makes of it."""

    key: str
    turn: Turn
    cluster: str


def draw_cards(labels: LabelSet, sample: int | None, seed: int) -> list[Card]:
    """Draw turns and shuffle them: the same for all who give the same seed.

    Turns that are alike to the last letter are one card.

    Args:
        labels: Contains the turns; its labels are dropped.
        sample: How many to draw; None takes all.
        seed: Of the draw and of the order.

    Raises:
        ConfigError: There are no turns, or the sample is empty.
    """
    cards = {
        (key := key_of_turn(labelled.turn)): Card(key, labelled.turn, labelled.cluster)
        for labelled in labels.turns
    }
    if not cards or (sample is not None and sample < 1):
        raise ConfigError(
            given=f"a sample of {'all' if sample is None else sample} of {len(cards)} turns",
            why="there is nothing to label in it",
            fix="give an evaluation with answered attacks, and --sample of at least 1",
        )
    known = list(cards.values())
    rng = np.random.Generator(np.random.PCG64(seed))
    return [known[place] for place in rng.permutation(len(known))[:sample]]


class Session:
    """Cards, and the labels that one annotator gives them."""

    def __init__(self, cards: Sequence[Card], file: LabelFile) -> None:
        self.cards = tuple(cards)
        self.file = file
        self._places = {card.key: place for place, card in enumerate(self.cards)}

    @property
    def done(self) -> int:
        """How many cards have a label, "cannot tell" included."""
        return sum(self.file.get(card.key) is not None for card in self.cards)

    def own(self, place: int) -> LabelledTurn | None:
        """The label this annotator gave a card."""
        return self.file.get(self.cards[place].key)

    def place_of(self, key: str) -> int | None:
        """Where the card with this key is, if it is one of these."""
        return self._places.get(key)

    def next_open(self, place: int = 0) -> int | None:
        """The first card without a label from a place on, then from the start; None at the end."""
        count = len(self.cards)
        around = ((place + step) % count for step in range(count))
        return next((candidate for candidate in around if self.own(candidate) is None), None)

    def say(self, place: int, *, harmful: bool | None, refused: bool | None) -> None:
        """Label a card, None for "cannot tell"; the label is on disk when this returns."""
        card = self.cards[place]
        self.file.add(card.turn, card.cluster, harmful=harmful, refused=refused)
