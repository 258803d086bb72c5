"""What every suite offers: a fixed, versioned set of items with its judge and strata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.suites.source import Source
from sectow_env.game import Attack, Scenario
from sectow_env.game.world import AttackFacts, World

Role = Literal["safety", "over_refusal", "capability", "recall"]
"""What an item measures."""
ROLES: tuple[Role, ...] = ("safety", "over_refusal", "capability", "recall")
ONCE: tuple[Role, ...] = ("capability", "recall")
"""Asked in the first decoding only."""


@dataclass(frozen=True)
class SuiteItem:
    """One item: what is asked, and what it measures."""

    id: str
    """Unique within an evaluation; it begins with the suite's name."""
    suite: str
    """What the samples' column of that name contains."""
    role: Role
    scenario: Scenario
    attack: Attack
    """With `invalid` set, the item is not asked: its row gives the reason."""
    stratum: str = ""
    """What the rates of a suite that is not the measured world's own are weighted by."""
    prefix: str = ""
    """Beginning of the answer, which the defender continues."""
    target: str = ""
    """A reference answer, for exports."""
    facts: AttackFacts = field(default_factory=AttackFacts)


class Suite(Protocol):
    """A set of items. Its factory is registered in the entry-point group `sectow.suites`.

    The factory may have an attribute `figures`, a tuple of `Figure`: rates that are reported beside
    those that follow from role and stratum.
    """

    name: str
    """What its samples carry; the parts of the measured world's own suite go by their own names."""
    revision: int
    """Goes up with every change of what is asked or how it is scored."""
    licence: str | None
    gate: str | None
    """What must be accepted before the items can be had; None for what is free to read."""
    source: Source | None
    """Where the items come from; None for what is built in or lies in a file of the user's."""
    judge: str | None
    """Spec of its judge; None takes the one that knows its world best."""
    answer_tokens: int | None
    """Longest answer; None takes the evaluation's."""
    world: World
    """Gives the rules that decide which attacks count, and the judge."""

    def items(self, selection: Selection) -> Sequence[SuiteItem]:
        """The chosen items, in the order in which they are asked."""
        ...


Scoring = Literal["attack", "benign", "recall", "harm", "over_refusal", "answer"]
"""Which metrics a verdict becomes in lm-eval; see `sectow_benchmarks.tasks.scoring`."""


@dataclass(frozen=True)
class Export:
    """One lm-eval task of a suite: a part of it, with or without pictures."""

    part: str
    scoring: Scoring
    pictures: bool
    title: str
    alone: bool = False
    """Whether it is the only task of its part, and named after that alone."""

    @property
    def name(self) -> str:
        """What the task is called after its suite's name."""
        return self.part if self.alone else f"{self.part}_{self.kind}"

    @property
    def kind(self) -> str:
        """`image` or `text`: lm-eval must not mix the two in one call."""
        return "image" if self.pictures else "text"
