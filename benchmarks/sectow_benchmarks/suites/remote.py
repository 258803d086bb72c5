"""What a host offers of a suite: its commit and files, checked before any of them is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from sectow_benchmarks.suites.fetched import FETCHED
from sectow_env.errors import ConfigError
from sectow_env.files import file_digest
from sectow_env.text import escaped

GIT_DIGITS = 40
PARTIAL = ".partial"
"""What the names of files end with that have not arrived in full."""
CARD = "README.md"
"""The one file that need not be there: the hub finds the splits of some data sets without it."""


@dataclass(frozen=True)
class RemoteFile:
    """A file as its host lists it."""

    name: str
    size: int
    digest: str
    """SHA-256 of its bytes, or the object id that git gives them."""
    url: str

    def is_intact(self, folder: Path) -> bool:
        """Whether the folder has it, byte for byte."""
        path = folder / self.name
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        seen = git_id(path) if len(self.digest) == GIT_DIGITS else file_digest(path)
        return self.digest == seen


@dataclass(frozen=True)
class Listing:
    """The files of a suite at one commit."""

    repo: str
    commit: str
    files: tuple[RemoteFile, ...]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the requests for files; they may have a token."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class NotThereError(ConfigError):
    """Raised when a repository does not go by this id: an earlier one may."""


def git_id(path: Path) -> str:
    """The id that git gives to a file's contents."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def listing_of(
    repo: str,
    commit: str,
    patterns: tuple[str, ...],
    files: Iterable[RemoteFile],
    headers: Mapping[str, str] | None = None,
) -> Listing:
    """The files that a suite needs.

    Raises:
        ConfigError: A pattern fits no file, or a name would lead out of the suite's folder.
    """
    known = {file.name: file for file in files}
    chosen = fitting(known, *patterns)
    given = f"{repo} at {commit[:12]}"
    for name in chosen:
        if not _is_plain(name):
            raise ConfigError(
                given=f"the file {escaped(name)[:100]!r} of {given}",
                why="its name leads out of the suite's folder, or cannot be one",
                fix="report this to whoever publishes the data set; nothing was fetched",
            )
    for pattern in patterns:
        if pattern != CARD and not fitting(chosen, pattern):
            raise ConfigError(
                given=given,
                why=f"it has no file {pattern!r}: the data set was published in another form",
                fix="report this as a bug of the suite, with the commit",
            )
    return Listing(repo, commit, tuple(known[name] for name in chosen), headers or {})


def fitting(names: Iterable[str], *patterns: str) -> list[str]:
    """The names of files that fit a pattern, sorted; `*` also stands for folders within."""
    return sorted(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    whole = name.isprintable() and "\\" not in name and ":" not in name
    ours = name == FETCHED or name.endswith(PARTIAL)
    return whole and not ours and not any(part in {"", ".", ".."} for part in parts)
