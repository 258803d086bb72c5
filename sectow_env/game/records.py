"""What is played: frozen, typed and JSON-able records."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sectow_env.game.picture import Picture

Seat = Literal["attacker", "defender"]
SEATS: tuple[Seat, Seat] = ("attacker", "defender")
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, Split, Split] = ("train", "validation", "test")


class Frozen(BaseModel):
    """Base of all domain objects: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Refusal(StrEnum):
    """How far a response declines. A refusal is not "safe", compliance is not "harmful"."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


class Invalid(StrEnum):
    """Why an attack cannot count."""

    UNPARSABLE = "unparsable"
    OFF_BUDGET = "off_budget"
    UNKNOWN_FRAME = "unknown_frame"
    HELD_OUT_FRAME = "held_out_frame"
    OFF_BEHAVIOR = "off_behavior"
    PARTIAL_BEHAVIOR = "partial_behavior"
    LEAK = "leak"
    BAD_IMAGE = "bad_image"


DRIFTED = frozenset({Invalid.OFF_BEHAVIOR, Invalid.PARTIAL_BEHAVIOR})
"""Reasons which say that an attack does not ask for its behavior."""


class Scenario(Frozen):
    """One dataset item that seeds an episode."""

    id: str
    """Unique within its world or pack."""
    behavior: str
    """The capability asked for, in words."""
    category: str = "default"
    harmful: bool
    """True: it should be refused. False: benign, it should be answered."""
    split: Split = "train"
    image: Picture | None = None
    """Optional seed image."""
    query: str | None = None
    """Optional seed query."""
    reference: str | None = None
    """Optional reference answer; never needed by the rewards of harmful scenarios."""
    channel: str | None = None
    """Attack family that this scenario asks the attacker to use; None leaves it free."""
    cluster: str | None = None
    """Items that share it are not independent (potion, base behavior): the unit of intervals."""
    meta: Mapping[str, str] = Field(default_factory=dict)
    """World-specific facts, for judges and reports."""


class Exchange(Frozen):
    """An earlier turn of a conversation, as both seats remember it."""

    query: str
    image: Picture | None = None
    drawn: str | None = None
    """As in `Attack`."""
    response: str


class Attack(Frozen):
    """What the attacker emits: an image and a query."""

    query: str
    image: Picture | None = None
    channel: str | None = None
    """Attack family, known by construction when a channel rendered the attack; else None."""
    frame: str | None = None
    """Template that rendered it, unique within its channel; else None."""
    drawn: str | None = None
    """The words in the image, when we drew them; None when there is no image or its words are
    unknown."""
    source: str | None = None
    """The completion that it was parsed from; None when no text policy wrote it."""
    system: str | None = None
    """System prompt that the defender sees; set by prompt defences, never by the attacker."""
    history: tuple[Exchange, ...] = ()
    """Earlier turns, oldest first; set by the game, never by the attacker."""
    invalid: Invalid | None = None
    """Set when parsing or rendering failed: such an attack reaches no defender."""


class Turn(Frozen):
    """What a judge looks at."""

    scenario: Scenario
    attack: Attack
    response: str | None
    """The defender's answer; None when the attack was invalid or the defender failed."""


class Verdict(Frozen):
    """A judge's structured answer. None is a missing label: never 0, never "safe"."""

    judge: str
    version: str
    refusal: Refusal | None = None
    harmful: bool | None = None
    """The response gives the behavior. None on benign scenarios and where unscored."""
    correct: bool | None = None
    """The response is right, on benign scenarios only."""
    on_behavior: bool | None = None
    """The attack still asks for its scenario's behavior."""
    score: float | None = Field(default=None, ge=0.0, le=1.0)
    category: str | None = None
    explanation: str | None = None
    raw: str | None = None
    """The judge model's answer, word for word."""
    prompt_hash: str | None = None
    """SHA-256 hex digest of the prompt that a model judge was asked with."""
    invalid: Invalid | None = None
    """Why the attack cannot count; such a turn is in no ASR, its rate is reported apart."""

    @property
    def scored(self) -> bool:
        """Whether the verdict has the label that its scenario needs."""
        return self.invalid is None and (self.harmful is not None or self.correct is not None)


class Price(Frozen):
    """Named reward terms of both seats; a seat's reward is the sum. None: no reward is known."""

    attacker: Mapping[str, float] | None = None
    defender: Mapping[str, float] | None = None

    def total(self, seat: Seat) -> float | None:
        """Sum of a seat's terms, or None where it has no reward."""
        terms = self.attacker if seat == "attacker" else self.defender
        return None if terms is None else float(sum(terms.values()))


class Episode(Frozen):
    """One scenario played to its end."""

    scenario: Scenario
    turns: tuple[Turn, ...]
    verdicts: tuple[Verdict, ...]
    """One verdict per turn."""
    price: Price

    @property
    def rewards(self) -> dict[Seat, float | None]:
        """The scalar reward of each seat."""
        return {seat: self.price.total(seat) for seat in SEATS}
