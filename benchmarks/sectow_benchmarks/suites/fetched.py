"""What was fetched of a suite: the record beside its files, and whether they still fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sectow_benchmarks.suites.about import About
from sectow_env.errors import ConfigError
from sectow_env.game import Frozen
from sectow_env.reading import read_model

FETCHED = "fetched.json"
AS_GIVEN = "as given"
"""The revision of a copy without a record: whatever the user has."""


class Fetched(Frozen):
    """The record of a fetch: a folder that has it was fetched to the end."""

    suite: str
    repo: str
    """As it answered, which may be an earlier id."""
    commit: str
    """In full."""
    pinned: bool
    """False: the suite names no commit, and this was the newest one."""
    when: str
    version: str
    """Of this program."""
    files: dict[str, int]
    """Name in the folder -> bytes."""


def fetched_in(folder: Path) -> Fetched | None:
    """The record of a folder; None for a copy that was not fetched by this program.

    Raises:
        FileError: It is not a valid record.
    """
    path = folder / FETCHED
    return read_model(path, Fetched) if path.is_file() else None


def revision_in(folder: Path) -> str:
    """The commit of a fetched folder, or that it is one of the user's own."""
    record = fetched_in(folder)
    return AS_GIVEN if record is None else record.commit


def missing_from(folder: Path, record: Fetched) -> Iterator[str]:
    """The files of a record that are not there, or have another size."""
    for name, size in record.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            yield name


def check_copy(about: About, folder: Path) -> None:
    """Refuse a fetched copy that is of another revision, or no longer whole.

    A copy without a record is the user's own, and accepted: its columns are checked when read.

    Raises:
        ConfigError: It does not fit.
        FileError: Its record is damaged.
    """
    record = fetched_in(folder)
    if record is None:
        return
    again = f"run sectow suites get {about.name}, which fetches what is needed"
    given = f"the suite {about.name} in {folder}"
    if record.suite != about.name:
        raise ConfigError(given, f"its record says that it is the suite {record.suite!r}", again)
    pin = about.source.revision
    if pin is not None and not record.commit.startswith(pin):
        why = f"it is at commit {record.commit[:12]}, and this version reads {pin}"
        raise ConfigError(given, why, again)
    lost = list(missing_from(folder, record))
    if lost:
        why = f"{len(lost)} of its {len(record.files)} files are missing or changed: {lost[0]!r}"
        raise ConfigError(given, f"it is half there: {why}", again)
