"""Locks: what a suite's real data were seen to be, packaged, and compared with a copy."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.data_suite import DataSuite
from sectow_benchmarks.suites.fetched import FETCHED
from sectow_benchmarks.suites.remote import fitting
from sectow_benchmarks.suites.source import data_home
from sectow_env.errors import SectowError
from sectow_env.files import file_digest, write_text
from sectow_env.game import Frozen
from sectow_env.reading import read_model

State = Literal["yes", "in part", "never"]
HERE = Path(__file__).parent / "locks"
MAX_QUOTED = 5
"""Items that are named of those with the same flaw."""


class Files(Frozen):
    """The files of one pattern."""

    count: int
    sha256: str
    """Of the one file; of several, of the list of their names and digests."""


class Seen(Frozen):
    """What was seen in a copy."""

    commit: str
    """`as given` for a copy that was not fetched."""
    items: dict[str, int]
    """Role -> count."""
    columns: dict[str, tuple[str, ...]]
    """What was read -> the columns that it has, sorted; none for what is not a table."""
    files: dict[str, Files]
    """Pattern -> files."""

    @property
    def total(self) -> int:
        """Items of all roles."""
        return sum(self.items.values())


class Verified(Frozen):
    """A look at real data: when, by which version, and of which copy."""

    when: str
    version: str
    copy_of: str
    """Where the data came from."""
    seen: Seen


class Lock(Frozen):
    """What is known of a suite's real data."""

    suite: str
    repo: str
    revision: str | None
    """As in the suite's card."""
    verified: tuple[Verified, ...] = ()
    """Empty until somebody has run it on real data; one entry for each kind of copy."""

    def of(self, seen: Seen) -> Verified | None:
        """The entry of the same kind of copy: where the same files are read."""
        same = (each for each in self.verified if each.seen.columns.keys() == seen.columns.keys())
        return next(same, None)

    def state(self, about: About) -> State:
        """Whether all of it was verified: the number of items is on the card."""
        if not self.verified:
            return "never"
        most = max(each.seen.total for each in self.verified)
        return "in part" if most < (about.items or 0) else "yes"


@dataclass(frozen=True)
class Outcome:
    """What verifying a copy came to."""

    lock: Lock
    """With what was seen this time."""
    compared: bool
    """Whether there was anything to compare with."""
    findings: tuple[str, ...]
    """Differences and flaws; empty: none."""
    notes: tuple[str, ...]
    """What else to know."""


def lock_of(about: About) -> Lock:
    """The packaged lock of a suite; an empty one for a suite of another package."""
    path = HERE / f"{about.name}.json"
    empty = Lock(suite=about.name, repo=about.source.repo, revision=about.source.revision)
    return read_model(path, Lock) if path.is_file() else empty


def own_record(suite: str) -> Path:
    """Where a user's own verification is recorded."""
    return data_home() / "verified" / f"{suite}.json"


def known_lock(about: About) -> Lock:
    """The packaged lock, and what this user has verified of other copies than it knows."""
    lock, path = lock_of(about), own_record(about.name)
    own = read_model(path, Lock) if path.is_file() else lock
    if own.revision != lock.revision:
        return lock
    more = tuple(each for each in own.verified if lock.of(each.seen) is None)
    return lock.model_copy(update={"verified": lock.verified + more})


def verify_copy(suite: DataSuite, copy_of: str) -> Outcome:
    """Load all real data of a suite and compare them with its lock.

    Args:
        suite: The whole suite, not its mini.
        copy_of: Where the data came from, for the record.

    Raises:
        SectowError: They cannot be read.
    """
    about, lock = suite.about, known_lock(suite.about)
    findings: list[str] = []
    seen = _look(suite, findings)
    before = lock.of(seen)
    if before is not None:
        findings += _differences(before.seen, seen)
    notes = []
    if about.items is not None and seen.total != about.items:
        notes.append(f"the card gives {about.items:,} items, this copy has {seen.total:,}")
    now = Verified(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("sectow"),
        copy_of=copy_of,
        seen=seen,
    )
    others = tuple(each for each in lock.verified if each is not before)
    return Outcome(
        lock=lock.model_copy(update={"verified": (*others, now)}),
        compared=before is not None,
        findings=tuple(findings),
        notes=tuple(notes),
    )


def record(outcome: Outcome) -> Path:
    """Keep what was seen in the user's data folder; only what has no findings is kept."""
    path = own_record(outcome.lock.suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lock(path, outcome.lock)
    return path


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock as it is packaged."""
    write_text(path, lock.model_dump_json(indent=2) + "\n")


def _look(suite: DataSuite, findings: list[str]) -> Seen:
    roles: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    broken: list[str] = []
    for item in suite.records():
        roles[item.role] += 1
        ids[item.id] += 1
        try:
            # Opened and dropped: a suite may have more pictures than fit into memory.
            _ = None if item.picture is None else item.picture()
        except SectowError:
            broken.append(item.id)
    twice = [name for name, count in ids.items() if count > 1]
    findings += _flaw(broken, "pictures that cannot be opened")
    findings += _flaw(twice, "ids of several items")
    return Seen(
        commit=suite.copy_revision,
        items=dict(sorted(roles.items())),
        columns={name: tuple(sorted(suite.data.seen[name])) for name in sorted(suite.data.seen)},
        files=_files(suite),
    )


def _flaw(names: Sequence[str], what: str) -> Iterator[str]:
    if names:
        shown = ", ".join(map(repr, names[:MAX_QUOTED]))
        yield f"{len(names)} {what}: {shown}{' and more' if len(names) > MAX_QUOTED else ''}"


def _files(suite: DataSuite) -> dict[str, Files]:
    """By pattern of the card; what was read beside them, by name."""
    folder = suite.data.folder
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != FETCHED)
    names = [path.relative_to(folder).as_posix() for path in files]
    sets = {pattern: fitting(names, pattern) for pattern in suite.about.source.files}
    patterned = {name for members in sets.values() for name in members}
    sets |= {name: [name] for name in suite.data.seen if name in names and name not in patterned}
    return {
        pattern: _digest(folder, members) for pattern, members in sorted(sets.items()) if members
    }


def _digest(folder: Path, names: Sequence[str]) -> Files:
    if len(names) == 1:
        return Files(count=1, sha256=file_digest(folder / names[0]))
    lines = "".join(f"{file_digest(folder / name)}  {name}\n" for name in names)
    return Files(count=len(names), sha256=hashlib.sha256(lines.encode()).hexdigest())


def _differences(before: Seen, now: Seen) -> Iterator[str]:
    if now.commit != before.commit and "as given" not in {now.commit, before.commit}:
        yield f"revision: the lock has {before.commit}, the copy {now.commit}"
    for role in sorted({*before.items, *now.items}):
        then, count = before.items.get(role, 0), now.items.get(role, 0)
        if then != count:
            yield f"items, {role}: the lock has {then}, the copy {count}"
    for name, columns in before.columns.items():
        gone, new = set(columns) - set(now.columns[name]), set(now.columns[name]) - set(columns)
        if gone or new:
            yield f"columns of {name}: without {sorted(gone)}, with {sorted(new)} anew"
    for pattern in sorted({*before.files, *now.files}):
        old, new_files = before.files.get(pattern), now.files.get(pattern)
        if old is None or new_files is None or old.count != new_files.count:
            counts = [0 if each is None else each.count for each in (old, new_files)]
            yield f"files {pattern}: the lock has {counts[0]}, the copy {counts[1]}"
        elif old != new_files:
            yield f"files {pattern}: their contents differ from the lock's"
