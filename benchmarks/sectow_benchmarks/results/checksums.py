"""The seal of a folder: a digest of every file in it, in the form that `sha256sum -c` reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sectow_env.errors import FileError, RunFolderError
from sectow_env.files import file_digest, write_text
from sectow_env.reading import read_text

SUMS = "SHA256SUMS"


def seal(folder: Path, parts: Sequence[str]) -> None:
    """Write `SHA256SUMS` of the files and folders that belong to a folder."""
    names = sorted(_names(folder, parts))
    write_text(folder / SUMS, "".join(f"{file_digest(folder / n)}  {n}\n" for n in names))


def broken(folder: Path, parts: Sequence[str]) -> list[str]:
    """Files that are missing, changed, or were not there when the folder was sealed.

    Raises:
        RunFolderError: It has no seal that can be read.
    """
    damage = irregular(folder, (*parts, SUMS))
    if damage:
        return damage
    sealed = read_sums(folder)
    for name, digest in sealed.items():
        file = folder / name
        if not file.is_file():
            damage.append(f"{name} is missing")
        elif file_digest(file) != digest:
            damage.append(f"{name} is not what was sealed")
    present = set(_names(folder, parts))
    return damage + [f"{name} was not there" for name in sorted(present - set(sealed))]


def irregular(folder: Path, parts: Sequence[str]) -> list[str]:
    """What is neither a plain file nor a folder: to open it may lead out of the folder, or hang."""
    damage = []
    for part in parts:
        path = folder / part
        inside = sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else []
        for file in (path, *inside):
            name = file.relative_to(folder).as_posix()
            if file.is_symlink():
                damage.append(f"{name} is a link")
            elif file.exists() and not file.is_file() and not file.is_dir():
                damage.append(f"{name} is neither a file nor a folder")
    return damage


def read_sums(folder: Path) -> dict[str, str]:
    """Digests by file.

    Raises:
        RunFolderError: There are none, or a line names no file within the folder.
    """
    try:
        lines = read_text(folder / SUMS, follow=False).splitlines()
    except FileError as error:
        raise _unsealed(folder, error.why) from error
    sums = {}
    for line in lines:
        digest, _, name = line.partition("  ")
        path = Path(name)
        if len(digest) != 64 or not name or path.is_absolute() or ".." in path.parts:
            raise _unsealed(folder, f"the line {line[:80]!r} is not a digest of a file in it")
        sums[name] = digest
    return sums


def _names(folder: Path, parts: Sequence[str]) -> Iterator[str]:
    for part in parts:
        path = folder / part
        # What was cut off while it was written begins with a dot, and is nobody's.
        files = path.rglob("[!.]*") if path.is_dir() else [path]
        yield from (file.relative_to(folder).as_posix() for file in files if file.is_file())


def _unsealed(folder: Path, why: str) -> RunFolderError:
    return RunFolderError(
        given=f"the folder {folder}",
        why=f"it has no {SUMS} that can be read ({why})",
        fix="finish the evaluation with --resume, or give the folder of a finished one",
    )
