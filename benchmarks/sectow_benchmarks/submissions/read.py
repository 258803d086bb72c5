"""Reads entries from the folders and files of strangers: nothing in them is followed or run."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sectow_benchmarks.submissions.entry import Entry
from sectow_env.errors import FileError
from sectow_env.reading import parse_model, read_bytes

ENTRY, EVALUATION = "entry.json", "evaluation"
MAX_ENTRY_BYTES = 2**20
MAX_FILES, MAX_BYTES = 100_000, 2**29
"""Of the samples beside an entry."""
MAX_ENTRIES = 10_000


@dataclass(frozen=True)
class Submission:
    """An entry as it was found: in a folder with its samples, or as a file alone."""

    path: Path
    entry: Entry | None
    """None where it cannot be read."""
    why: str = ""
    """Why it cannot."""

    @property
    def evaluation(self) -> Path | None:
        """The folder of its samples; None if it is missing."""
        folder = self.path / EVALUATION
        return folder if self.path.is_dir() and folder.is_dir() else None


def submissions(given: Iterable[Path]) -> list[Submission]:
    """Every entry in these files and folders, and in the folders in these folders.

    Raises:
        FileError: A path is not there, or a folder has no entry or too many.
    """
    paths = [path for each in given for path in _paths(each)]
    if len(paths) > MAX_ENTRIES:
        raise FileError(
            given=f"{len(paths)} entries",
            why=f"these are more than {MAX_ENTRIES}",
            fix="give fewer at a time",
        )
    return [_read(path) for path in paths]


def _paths(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise FileError(given=f"the entry {path}", why="it is not there", fix="check the path")
    if not path.is_dir() or (path / ENTRY).exists():
        yield path
        return
    inside = [
        each
        for each in sorted(path.iterdir())
        if (each / ENTRY).is_symlink() or (each / ENTRY).exists() or each.suffix == ".json"
    ]
    if not inside:
        raise FileError(
            given=f"the folder {path}",
            why=f"neither it nor a folder in it has a file {ENTRY}",
            fix="give what sectow submit make wrote",
        )
    yield from inside


def _read(path: Path) -> Submission:
    try:
        _check_plain(path)
        file = path / ENTRY if path.is_dir() else path
        data = read_bytes(file, MAX_ENTRY_BYTES, follow=False)
        return Submission(path, parse_model(data, file.name, Entry))
    except FileError as error:
        return Submission(path, None, error.why)


def _check_plain(path: Path) -> None:
    """Raises FileError for what may lead out of the folder, hang, or fill the disk."""
    if path.is_symlink():
        raise FileError(given=path.name, why="it is a link", fix="give the folder itself")
    if not path.is_dir():
        return
    others = sorted({file.name for file in path.iterdir()} - {ENTRY, EVALUATION})
    if others:
        raise FileError(
            given=path.name,
            why=f"it contains {', '.join(others[:5])}, which do not belong to an entry",
            fix="send what sectow submit make wrote",
        )
    total = 0
    for number, file in enumerate(path.rglob("*")):
        about = file.lstat()
        total += about.st_size
        if not stat.S_ISREG(about.st_mode) and not stat.S_ISDIR(about.st_mode):
            why = f"{file.relative_to(path)} is neither a file nor a folder"
        elif number > MAX_FILES or total > MAX_BYTES:
            why = f"it has more than {MAX_FILES} files or {MAX_BYTES // 2**20} MiB"
        else:
            continue
        raise FileError(given=path.name, why=why, fix="send what sectow submit make wrote")
