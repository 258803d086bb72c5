"""Digests of what a run wrote, so that a change of its files is found when it is resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from sectow_env.errors import RunFolderError
from sectow_env.files import file_digest

CARD = "README.md"
"""For people: a model card may join a checkpoint, and nothing reads it."""


def folder_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file in a checkpoint, by its name in the folder; empty without a folder."""
    names = sorted(_names(folder))
    return {name: file_digest(folder / name) for name in names}


def start_digest(file: Path, size: int) -> str | None:
    """SHA-256 of the first bytes of a file; None where it has fewer or does not exist."""
    digest, left = hashlib.sha256(), size
    if not file.is_file():
        return None if size else digest.hexdigest()
    with file.open("rb") as opened:
        while left > 0 and (part := opened.read(min(left, 2**20))):
            digest.update(part)
            left -= len(part)
    return None if left else digest.hexdigest()


def check_checkpoint(folder: Path, known: Mapping[str, str]) -> None:
    """Check that a checkpoint is the one that the run wrote.

    Args:
        folder: Where it is.
        known: What `folder_digests` gave when it was written.

    Raises:
        RunFolderError: A file is missing, was changed or was added, or is a symbolic link.
    """
    present = set(_names(folder))
    for name in sorted((present | set(known)) - {CARD}):
        file = folder / name
        if name not in present:
            raise changed(file, "it is missing", folder)
        if name not in known:
            raise changed(file, "the run did not write it", folder)
        if file.is_symlink():
            raise changed(file, "it is a symbolic link, which the run did not write", folder)
        if file_digest(file) != known[name]:
            raise changed(file, "it is not what the run wrote: its digest differs", folder)


def changed(file: Path, why: str, checkpoint: Path | None = None) -> RunFolderError:
    """The error for a file of a run that is not as the run left it."""
    other = "" if checkpoint is None else f" and SEAT.model={checkpoint}"
    return RunFolderError(
        given=f"the file {file}",
        why=why,
        fix=f"restore the folder from a copy, or start another run with run=FOLDER{other}",
    )


def _names(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*"):
        if not file.is_dir() or file.is_symlink():
            yield file.relative_to(folder).as_posix()
