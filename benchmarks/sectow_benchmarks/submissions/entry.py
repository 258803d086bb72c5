"""A board entry: what one evaluation found, in a file that is safe to be sent.

The file has a version of its own. Everything in it is bounded: a text is one short printable line,
a rate is between 0 and 1, a link is https.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    UrlConstraints,
    model_validator,
)
from pydantic_core import Url

from sectow_benchmarks.suites.figure import Kind
from sectow_env.game import Frozen

MAX_TEXT = 120
MAX_MARKS = 2
MAX_ITEMS = 10**9
MAX_FIGURES = 2000


def shown_as_written(text: str) -> str:
    """A text that shows all that it contains: no control, no direction, no pile of accents.

    Raises:
        ValueError: It is something else.
    """
    if not text.isprintable():
        raise ValueError("it has characters that are not shown, or that change how others are")
    if text != text.strip() or "  " in text:
        raise ValueError("it has blanks that nobody sees")
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks > MAX_MARKS:
            raise ValueError("it has a pile of accents on one letter")
    return text


def _without_a_user(link: Url) -> Url:
    if link.username or link.password or (link.port or 443) != 443:
        raise ValueError("a link has no user, password or port")
    return link


Label = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TEXT),
    AfterValidator(shown_as_written),
]
Text = Annotated[str, StringConstraints(max_length=400), AfterValidator(shown_as_written)]
Link = Annotated[
    Url,
    UrlConstraints(allowed_schemes=["https"], max_length=200, host_required=True),
    AfterValidator(_without_a_user),
]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
HubId = Annotated[str, StringConstraints(pattern=r"^[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}$")]
Count = Annotated[int, Field(ge=0, le=MAX_ITEMS)]
Number = Annotated[float, Field(ge=0.0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Attacks = Literal["static", "transfer", "adaptive"]
"""The same for all; found against others and frozen; made by an attacker against this model."""
Role = Literal["safety", "accuracy", "over_refusal", "capability", "recall", "other"]
"""What a figure decides on a board; `accuracy` is that on benign requests."""
Defence = Literal["none", "prompt", "guard", "trained"]
Evidence = Literal["self-reported", "verified"]
DecodingName = Literal["greedy", "sampled"]


class Part(Frozen):
    """Base of an entry and its parts."""

    # Other than in JSON, 1 is not a text and "1" is not a number.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Rate(Part):
    """A rate with its 95% interval; value and ends are null where nothing was scored."""

    value: Share | None
    low: Share | None
    high: Share | None
    n: Count
    clusters: Count
    missing: Count
    method: Label

    @model_validator(mode="after")
    def _in_order(self) -> Rate:
        known = [self.value is not None, self.low is not None, self.high is not None]
        if any(known) != all(known) or all(known) != (self.n > 0):
            raise ValueError("a rate has a value, an interval and items, or none of them")
        if self.value is not None and self.low is not None and self.high is not None:
            if not self.low <= self.value <= self.high:
                raise ValueError("the value is outside of its interval")
            if not 0 < self.clusters <= self.n:
                raise ValueError("there are more clusters than items, or none")
        return self


class EntryFigure(Part):
    """One rate: of which suite, what is counted, and how it was asked."""

    key: Label
    title: Label
    suite: Label
    role: Role
    counts: Kind
    attacks: Attacks | None = None
    """Null for what is not an attack."""
    stratum: Text = ""
    """Empty for the whole; else the part by which rows are ranked, such as a channel."""
    decoding: DecodingName
    rate: Rate


class EntrySuite(Part):
    """A suite that was asked."""

    name: Label
    revision: Count
    judge: Label
    licence: Label | None = None
    items: dict[DecodingName, Digest] = Field(max_length=2)
    """Digest of all that was asked."""


class EntryModel(Part):
    """Who was measured."""

    name: Label
    sha256: Digest | None
    """Of the weights; null for a script or a server."""
    hub: HubId | None = None
    parameters: Annotated[int, Field(gt=0, le=10**15)] | None = None


class EntryAttacker(Part):
    """Whose attacks the adaptive figures are of."""

    name: Label
    sha256: Digest | None = None
    attempts: Annotated[int, Field(gt=0, le=10**6)]
    """Attacks a scenario."""


class EntrySettings(Part):
    """How it was asked."""

    split: Label
    """That rows are ranked on."""
    decodings: tuple[DecodingName, ...] = Field(max_length=2)
    temperature: Number
    max_new_tokens: Count
    seed: Count
    limit: Count
    """0 for all items."""


class EntryWorld(Part):
    """The world that was played."""

    id: Label
    fingerprint: Label


class Provenance(Part):
    """When and with what."""

    created: Label
    python: Label
    platform: Label
    versions: dict[Label, Label] = Field(max_length=40)


class Submitter(Part):
    """Who sends it."""

    name: Label | None = None
    contact: Label | None = None
    links: tuple[Link, ...] = Field(default=(), max_length=5)
    note: Text = ""


class Entry(Part):
    """A board entry of SecTOW, version 1: what one evaluation of one model found."""

    model_config = ConfigDict(title="SecTOW board entry")

    format: Literal["sectow-board-entry-1"] = "sectow-board-entry-1"
    evidence: Evidence
    """`verified` only where the samples are beside it and sectow verify is green on them."""
    evaluation: Digest
    """Of the checksums of the evaluation."""
    base: Digest | None
    """The same of what its capability is compared with; null where nothing is."""
    samples: Digest | None = None
    """Of the checksums of the copy of the evaluation beside it; null without one."""
    model: EntryModel
    defence: Defence
    world: EntryWorld | None
    """Null where suites of the field alone were asked."""
    judge: Label | None
    """Of the world; each suite names its own."""
    suites: tuple[EntrySuite, ...] = Field(max_length=100)
    settings: EntrySettings
    attacker: EntryAttacker | None = None
    frozen_attacks: Digest | None = None
    """Of the pack that the transfer figures are of."""
    unscored: Share | None
    """Share of the items of fixed suites that no judge scored."""
    left_out: int = Field(default=0, ge=0, le=10**9)
    """Items that were not asked since their pictures are missing."""
    figures: tuple[EntryFigure, ...] = Field(min_length=1, max_length=MAX_FIGURES)
    provenance: Provenance
    by: Submitter = Submitter()

    def of(self, role: Role) -> list[EntryFigure]:
        """The figures of a role."""
        return [figure for figure in self.figures if figure.role == role]
