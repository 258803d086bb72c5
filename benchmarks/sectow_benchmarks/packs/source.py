"""Where the scenarios of a built pack come from: public data at one commit, or a table.

A source is a class with a card (`about`) and `records`, as a suite of the field is; it is
registered in the entry-point group `sectow.sources`. See `redteam_2k.py` for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Protocol

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data import Data
from sectow_benchmarks.suites.data_suite import Record
from sectow_benchmarks.suites.fetch import fetch
from sectow_benchmarks.suites.fetched import check_copy, revision_in
from sectow_benchmarks.suites.source import folder_of
from sectow_env.errors import at_fault, unknown
from sectow_env.game import Frozen
from sectow_env.registry.entry_points import Registry, check_arguments
from sectow_env.registry.spec import parse_spec

TRAINING = Published(metric="none: it is training data", original_judge="none", judge=None)


class Facts(Frozen):
    """What a pack's card says of a source."""

    name: str
    title: str
    where: str
    revision: str
    """A commit in full, or `as given` for a copy of the user's own."""
    licence: str | None
    """As its page states it; None where none is stated."""
    gate: str | None


class Source(Protocol):
    """Records of harmful requests (role `safety`) and harmless ones (`over_refusal`)."""

    def facts(self) -> Facts:
        """For the card."""
        ...

    def records(self) -> Iterator[Record]:
        """All records, the same each time; pictures are not opened."""
        ...


class PackSource:
    """A public source, fetched at its commit.

    Args:
        path: A copy of the user's own; default: it is fetched.

    Raises:
        ConfigError: It is gated, not there, or cannot be reached.
    """

    about: ClassVar[About]

    def __init__(self, *, path: str | Path | None = None) -> None:
        if path is None:
            fetch(self.about)
        folder = folder_of(self.about.name, path)
        check_copy(self.about, folder)
        self.data = Data(folder)

    def facts(self) -> Facts:
        """From its card and what was fetched."""
        about = self.about
        return Facts(
            name=about.name,
            title=about.title,
            where=about.source.where,
            revision=revision_in(self.data.folder),
            licence=about.licence,
            gate=about.gate,
        )

    def records(self) -> Iterator[Record]:
        """All records, in the order of the files."""
        raise NotImplementedError


SOURCES: Registry[PackSource] = Registry("sectow.sources")


def check_source_names(specs: Iterable[str]) -> None:
    """Raise UnknownNameError for a source that is not registered. Imports none of them."""
    for name in (parse_spec(spec).name for spec in specs):
        if name not in SOURCES.names():
            raise unknown("source", name, SOURCES.names())


def find_source(spec: str) -> PackSource:
    """The source behind a spec, such as `redteam_2k` or `vlguard_train?path=FOLDER`.

    Raises:
        UnknownNameError: No source goes by this name.
        ConfigError: It does not take these settings, or cannot be had.
    """
    name, settings = parse_spec(spec)
    factory = SOURCES.get(name)
    check_arguments(factory, f"source {name!r}", settings)
    with at_fault(f"the source {name}"):
        return factory(**settings)
