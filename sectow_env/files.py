"""Files: written aside and renamed, and whether a path lies on a local disk."""

from __future__ import annotations

import os
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
LOCAL = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}
)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file so that a reader sees the old or the new one, never a part."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old or the new one, also after a power cut."""
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def folder_name(name: str) -> str:
    """A name as that of a folder: letters, digits, dots, dashes and underscores."""
    safe = "".join(one if one.isalnum() or one in "-._" else "-" for one in name)
    return safe.strip("-.") or "unnamed"


def sync(path: Path) -> None:
    """Wait until a file or a folder's list of names is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_local(path: Path) -> bool:
    """Whether the file system of a path is one that is known to be local.

    False where the system does not say, so that a caller errs on the side of caution.
    """
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
