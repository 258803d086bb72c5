"""Files: atomic writes, digests, and whether a path is on a local disk."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sectow_env.errors import FileError, RunFolderError

MAX_NAME = 60
"""Characters of a folder's name: the system takes 255 bytes, and a character may need four."""
_ASIDE = ".partial"
"""Where a folder that was there is filled from; one that was killed leaves it."""
MOUNTS = Path("/proc/self/mounts")
LOCAL = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}
)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically: a reader sees the old or the new content."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically and durably: the old or the new content survives a power cut."""
    aside = path.with_name(f".{path.name}.partial")
    # In a folder of somebody else it may be a link to another file, or a pipe.
    aside.unlink(missing_ok=True)
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


_NOT_WRITTEN: Mapping[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("your quota of the disk is used up", "free some space"),
    errno.EFBIG: ("it would be larger than the system allows", "raise the limit: ulimit -f"),
    errno.EROFS: ("the file system is read-only", "make it writable, or give another folder"),
    errno.EACCES: ("permission is denied", "change its permissions, or give another folder"),
    errno.EPERM: ("the system does not permit it", "change its attributes, or give another folder"),
    errno.ENAMETOOLONG: ("the name is too long", "give a shorter name"),
    errno.EIO: ("the disk failed", "look at the system's log, and give another folder"),
}
_SPELT = re.compile(r"os error (\d+)|(database or disk is full)|(readonly database)")
"""How libraries that are not Python's spell an error of the system."""


def not_written(error: BaseException) -> FileError | None:
    """The message for a failure of the disk, whichever library reports it; None for others.

    Args:
        error: What was raised while something was read or written.
    """
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (spelt := _SPELT.search(str(error))):
        number = int(spelt[1]) if spelt[1] else errno.ENOSPC if spelt[2] else errno.EROFS
    if number is None or number not in _NOT_WRITTEN:
        return None
    name = error.filename2 or error.filename if isinstance(error, OSError) else None
    why, fix = _NOT_WRITTEN[number]
    return FileError(
        given="a file that was being written" if name is None else f"the file {name}",
        why=f"it cannot be written: {why}" if name is None else why,
        fix=f"{fix}; what was finished is kept, and --resume continues a run or an evaluation",
    )


def check_new_folder(
    path: Path, own: Collection[str] = (), fix: str = "give a new or empty folder"
) -> None:
    """Check that a folder can be made, or is there and empty.

    Args:
        path: The folder.
        own: Files, and empty folders, that an earlier start may have left there.
        fix: What to do instead.

    Raises:
        RunFolderError: It cannot be made, or contains something else.
    """
    try:
        near = next(place for place in (path, *path.absolute().parents) if place.exists())
        if not near.is_dir():
            why = f"{near} is not a folder"
        elif not os.access(near, os.W_OK | os.X_OK):
            why = f"nothing may be written into {near}"
        else:
            others = (
                file.name
                for file in (sorted(path.iterdir()) if near == path else ())
                if file.name != _ASIDE
                and (file.name not in own or (file.is_dir() and any(file.iterdir())))
            )
            other = next(others, None)
            why = "" if other is None else f"it is not empty: {other!r} is in it"
        path.resolve()
    # A loop of links is a RuntimeError up to Python 3.12.
    except (OSError, RuntimeError) as error:
        why = f"it cannot be made ({getattr(error, 'strerror', error)})"
    if why:
        raise RunFolderError(given=f"the folder {path}", why=why, fix=fix)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `path` once it is complete; a failure leaves nothing.

    Args:
        path: A new or empty folder.

    Raises:
        RunFolderError: It is neither, or another process is writing it.
    """
    check_new_folder(path)
    # What is there stays: it may be the working folder, or another disk. `.` alone has no name.
    fill, path = path.exists(), path.resolve()
    aside = path / _ASIDE if fill else path.with_name(f".{path.name}.partial")
    with _locked(aside, path):
        try:
            yield aside
            if fill:
                for file in aside.iterdir():
                    file.replace(path / file.name)
            else:
                aside.replace(path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _locked(aside: Path, path: Path) -> Iterator[None]:
    """An empty folder for this process alone; what a process left that was killed is removed."""
    import fcntl

    aside.mkdir(parents=True, exist_ok=True)
    handle = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunFolderError(
                given=f"the folder {path}",
                why="another process is writing it",
                fix="wait until that one has ended, or give another folder",
            ) from error
        except OSError:
            pass  # Not every network file system has locks.
        for left in aside.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        yield
    finally:
        os.close(handle)


def folder_name(name: str) -> str:
    """A name made safe for a folder: letters, digits, dots, dashes and underscores."""
    safe = "".join(
        character if character.isalnum() or character in "-._" else "-" for character in name
    )
    safe = safe.strip("-.") or "unnamed"
    if len(safe) <= MAX_NAME:
        return safe
    # Told apart by a digest, as long names may begin alike.
    return f"{safe[:MAX_NAME]}-{digest_of(safe.encode())[:8]}"


def digest_of(data: bytes) -> str:
    """Hex SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Flush a file or a folder's entries to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_local(path: Path) -> bool:
    """Whether the file system of a path is known to be local; False if the system does not say."""
    try:
        table = MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    place = path.resolve()
    best, kind = -1, ""
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # The system writes a space in a mount point as \040.
        point = Path(fields[1].replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind in LOCAL
