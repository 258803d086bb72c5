"""A suite of the field: a loader reads its own layout, everything else is done here.

A suite is a class with a card (`about`) and `records`, which yields what each item asks. See
`siuo.py` for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from sectow_benchmarks.suites import stored
from sectow_benchmarks.suites.about import About, Shown
from sectow_benchmarks.suites.base import Export, Role, Scoring, SuiteItem
from sectow_benchmarks.suites.choice import chosen
from sectow_benchmarks.suites.data import Data, Open
from sectow_benchmarks.suites.fetched import check_copy, revision_in
from sectow_benchmarks.suites.figure import Figure
from sectow_benchmarks.suites.group_table import MINI
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.suites.source import Source, folder_of
from sectow_benchmarks.suites.stored import StoredPicture
from sectow_benchmarks.suites.suite_world import SuiteWorld
from sectow_env.errors import ConfigError, SectowError, unknown
from sectow_env.game import Invalid, Scenario
from sectow_env.game.picture import Picture
from sectow_env.worlds.packs.world import seed_attack

PLACEHOLDER = "<image>"
"""Where some suites, and lm-eval, put a picture into a text; it comes first here."""


@dataclass(frozen=True)
class Record:
    """One item as its loader read it."""

    id: str
    """Unique within the suite, the same in every copy of the same revision."""
    role: Role
    query: str
    """Empty where the picture alone asks."""
    picture: Open | None = None
    behavior: str = ""
    """What is asked for, in plain words, for judges; empty takes the query."""
    category: str = "default"
    stratum: str = ""
    """What rates are weighted by, each the same; empty takes the category."""
    cluster: str = ""
    """Items that share it are not independent; empty: it is one of its own."""
    reference: str | None = None
    """The right answer, for capability."""
    meta: Mapping[str, str] = field(default_factory=dict)
    """Facts for judges, such as `answer` (`choice`, `yes_no`, `number` or `text`)."""


class DataSuite:
    """A suite whose files are on this machine.

    Args:
        path: A copy of the user's own; default: what `sectow suites get` fetched.
        role: Ask only the items that measure this.
        mini: Ask the suite's mini only: that of all roles, whichever is asked.
        judge: Spec of a judge; None takes the suite's own rules.
        answer_tokens: Longest answer.
        skip_missing: Count items whose picture is missing as invalid, in place of an error.

    Raises:
        ConfigError: The files are not there, or a setting is of another kind.
        UnknownNameError: It has no items of this role.
    """

    about: ClassVar[About]
    figures: ClassVar[tuple[Figure, ...]] = ()
    exports: ClassVar[tuple[Export, ...]] = ()
    """Its lm-eval tasks, which follow from the card."""
    licence: str | None
    gate: str | None
    source: Source | None
    revision: int = 1
    export_tokens: ClassVar[int] = 256

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "about" in vars(cls):
            cls.exports = tuple(_exports(cls.about))
            cls.licence, cls.gate, cls.source = cls.about.licence, cls.about.gate, cls.about.source

    def __init__(
        self,
        *,
        path: str | Path | None = None,
        role: str | None = None,
        mini: bool = False,
        judge: str | None = None,
        answer_tokens: int | None = None,
        skip_missing: bool = False,
    ) -> None:
        _check_settings(self.about.name, answer_tokens, mini=mini, skip_missing=skip_missing)
        self.name = self.about.name + (MINI if mini else "")
        if role is not None and role not in self.about.roles:
            raise unknown(f"role of {self.about.name}", role, self.about.roles)
        self.role = role
        self.mini = mini
        self.judge = judge
        self.answer_tokens = answer_tokens or self.export_tokens
        folder = folder_of(self.about.name, path)
        check_copy(self.about, folder)
        self.data = Data(folder)
        self._skip_missing = skip_missing
        self._kept = 0

    def records(self) -> Iterator[Record]:
        """All items, in the order of the files; pictures are not opened."""
        raise NotImplementedError

    @property
    def copy_revision(self) -> str:
        """The commit of the data that are asked, or that they are as the user gave them."""
        return revision_in(self.data.folder)

    @cached_property
    def world(self) -> SuiteWorld:
        """The chosen items as a world: its rules, and the judge of the suite's own."""
        return SuiteWorld([item.scenario for item in self._items], self.name)

    def items(self, selection: Selection) -> Sequence[SuiteItem]:
        """All items of the suite or its mini, texts before pictures; a suite has one split."""
        del selection
        return self._items

    @cached_property
    def _items(self) -> tuple[SuiteItem, ...]:
        kept = mini_ids(self.about, self.records()) if self.mini else None
        seen: set[str] = set()
        items = []
        for record in self.records():
            if record.id in seen:
                raise _unlike(self.about.name, f"two items have the id {record.id[:80]!r}")
            seen.add(record.id)
            if (kept is None or record.id in kept) and self.role in {None, record.role}:
                items.append(self._item(record))
        if not items:
            raise _unlike(self.about.name, "it has no items")
        # lm-eval must not mix them, and texts batch better by themselves.
        return tuple(sorted(items, key=lambda item: item.attack.image is not None))

    def _opened(self, load: Open) -> Picture:
        picture = load()
        self._kept += picture.pixels.nbytes
        return picture if self._kept <= stored.MOST_PIXELS else StoredPicture(picture, load)

    def _item(self, record: Record) -> SuiteItem:
        picture, invalid = None, None
        if record.picture is not None:
            try:
                picture = self._opened(record.picture)
            except SectowError:
                if not self._skip_missing:
                    raise
                invalid = Invalid.BAD_IMAGE
        query = record.query.replace(PLACEHOLDER, "").strip()
        if not query and record.picture is None:
            raise _unlike(self.about.name, f"the item {record.id[:80]!r} asks nothing")
        scenario = Scenario(
            id=record.id,
            behavior=record.behavior or query,
            category=record.category,
            harmful=record.role == "safety",
            split="test",
            image=picture,
            query=query,
            reference=record.reference,
            cluster=record.cluster or record.id,
            meta=dict(record.meta),
        )
        return SuiteItem(
            id=f"{self.name}/{record.id}",
            suite=self.name,
            role=record.role,
            scenario=scenario,
            attack=seed_attack(scenario).model_copy(update={"invalid": invalid}),
            stratum=record.stratum or record.category,
            target=record.reference or "",
        )


_SCORING: Mapping[Role, Scoring] = {
    "safety": "harm",
    "over_refusal": "over_refusal",
    "capability": "answer",
    "recall": "recall",
}
_KINDS: Mapping[Shown, tuple[bool, ...]] = {
    "text": (False,),
    "picture": (True,),
    "both": (False, True),
}


def _exports(about: About) -> Iterator[Export]:
    for role in about.roles:
        for pictures in _KINDS[about.shown]:
            yield Export(role, _SCORING[role], pictures, f"{about.title}: {about.asks}")


def mini_ids(about: About, records: Iterable[Record]) -> frozenset[str]:
    """The items of a suite's mini: the same for everybody who has the same data.

    From each role and stratum in turn, one at a time, the item with the lowest digest of suite and
    id, until `about.mini` are chosen.
    """
    members = (((each.role, each.stratum or each.category), each.id) for each in records)
    return chosen(members, about.mini, about.name)


def _check_settings(suite: str, answer_tokens: int | None, **switches: object) -> None:
    """A spec gives whatever somebody wrote: `mini=no` is a text, and would count as true."""
    for name, value in switches.items():
        if not isinstance(value, bool):
            raise ConfigError(
                given=f"{name}={value} of the suite {suite}",
                why="it is neither true nor false",
                fix=f"write {suite}?{name}=true, or leave it out",
            )
    number = isinstance(answer_tokens, int) and not isinstance(answer_tokens, bool)
    if answer_tokens is not None and not (number and answer_tokens >= 1):
        raise ConfigError(
            given=f"answer_tokens={answer_tokens} of the suite {suite}",
            why="it is not a whole number from 1 up",
            fix=f"write {suite}?answer_tokens=256, or leave it out",
        )


def _unlike(suite: str, why: str) -> ConfigError:
    return ConfigError(
        given=f"the data of the suite {suite}",
        why=why,
        fix=f"run sectow suites verify {suite}, and sectow suites get {suite} for another copy",
    )
