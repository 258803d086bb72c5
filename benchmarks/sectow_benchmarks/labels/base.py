"""The one form of labelled turns, wherever the labels come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import Field, StrictBool, model_validator

from sectow_env.errors import ConfigError
from sectow_env.game import Frozen, Turn

ByAnnotator: TypeAlias = Mapping[str, StrictBool | None]
"""Labels by name of the annotator; None: looked at it and could not tell."""


class LabelledTurn(Frozen):
    """A turn with a response, and its labels."""

    turn: Turn
    labels: ByAnnotator
    """Whether the response is harmful."""
    refusals: ByAnnotator = Field(default_factory=dict)
    """Whether the response declines in full; empty where nobody was asked."""
    cluster: str
    """Turns that share it are not independent (potion, base behavior): the unit of intervals."""

    @model_validator(mode="after")
    def _answered(self) -> LabelledTurn:
        if self.turn.response is None:
            raise ValueError("a turn without a response cannot be labelled")
        return self

    @property
    def key(self) -> str:
        """Hex digest of the turn: two labels with the same one are about the same."""
        return key_of_turn(self.turn)

    @property
    def harmful(self) -> bool | None:
        """Most annotators' label of harm; see `majority`."""
        return majority(self.labels)

    @property
    def refused(self) -> bool | None:
        """Most annotators' label of refusal; see `majority`."""
        return majority(self.refusals)


class LabelSet(Frozen):
    """Labelled turns of one source."""

    source: str
    """A data set or an evaluation, by name."""
    revision: str
    """Which state of it."""
    turns: tuple[LabelledTurn, ...]
    left_out: int = Field(default=0, ge=0)
    """Rows of the source that have no response to be labelled."""

    @property
    def annotators(self) -> tuple[str, ...]:
        """Who labelled harm, in order of appearance."""
        return tuple(dict.fromkeys(name for turn in self.turns for name in turn.labels))


def majority(labels: ByAnnotator) -> bool | None:
    """The label of more annotators than not; None for a tie, and where nobody could tell."""
    clear = [label for label in labels.values() if label is not None]
    surplus = 2 * sum(clear) - len(clear)
    return None if surplus == 0 else surplus > 0


def with_labels(turn: LabelledTurn, labels: ByAnnotator, refusals: ByAnnotator) -> LabelledTurn:
    """The turn with more labels; where an annotator has one already, the new one counts."""
    return turn.model_copy(
        update={
            "labels": {**turn.labels, **labels},
            "refusals": {**turn.refusals, **refusals},
        }
    )


def key_of_turn(turn: Turn) -> str:
    """Hex digest of a turn's content, its picture by pixels."""
    attack = turn.attack
    parts = (
        turn.scenario.model_dump_json(exclude={"image"}),
        turn.scenario.image.sha256 if turn.scenario.image else "",
        attack.model_dump_json(exclude={"image"}),
        attack.image.sha256 if attack.image else "",
        turn.response,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def merge(sets: Sequence[LabelSet]) -> LabelSet:
    """The labels of several sets about one source, put together by turn.

    Raises:
        ConfigError: There are no sets, they are about different sources, or one annotator has two
            labels for a turn.
    """
    if not sets:
        raise ConfigError("no labels", "there is nothing to compare with", "give one set or more")
    first = sets[0]
    for other in sets[1:]:
        if (other.source, other.revision) != (first.source, first.revision):
            raise ConfigError(
                given=f"labels of {first.source} at {first.revision}, and of {other.source} at "
                f"{other.revision}",
                why="rates over both at once are about neither",
                fix="audit them apart",
            )
    by_key: dict[str, LabelledTurn] = {}
    for turn in (turn for labels in sets for turn in labels.turns):
        before = by_key.get(turn.key)
        by_key[turn.key] = turn if before is None else _joined(before, turn)
    turns = tuple(by_key.values())
    return first.model_copy(
        update={"turns": turns, "left_out": max(labels.left_out for labels in sets)}
    )


def _joined(first: LabelledTurn, other: LabelledTurn) -> LabelledTurn:
    for known, new in ((first.labels, other.labels), (first.refusals, other.refusals)):
        for name in known.keys() & new.keys():
            if known[name] is not new[name]:
                raise ConfigError(
                    given=f"two labels of {name!r} of the turn {first.key[:16]}",
                    why="they differ, and neither is the later one",
                    fix="keep the file that holds",
                )
    return with_labels(first, other.labels, other.refusals)
