"""Reads files straight out of a zip or tar archive, which is never unpacked."""

from __future__ import annotations

import tarfile
import weakref
import zipfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from sectow_env.errors import ConfigError
from sectow_env.game.picture import MAX_BYTES

_BROKEN = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, tarfile.TarError),
)
"""What the readers raise for archives that are damaged, encrypted, or of an unknown compression."""


class Archive:
    """The files of one archive by name; links, and names that lead out of it, are not among them.

    Args:
        path: A `.zip`, or a `.tar` that is not compressed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """The contents of a file that is in it.

        Raises:
            ConfigError: It is damaged, or larger than a picture may be.
        """
        place = self._members[name]
        if place[1] > MAX_BYTES:
            raise _wrong(name, f"in {self.path.name} it has more than {MAX_BYTES // 2**20} MiB")
        try:
            if isinstance(place[0], zipfile.ZipInfo):
                with self._zip.open(place[0]) as member:
                    data = member.read(MAX_BYTES + 1)
            else:
                with self.path.open("rb") as file:
                    file.seek(place[0])
                    data = file.read(place[1])
        except _BROKEN as error:
            raise _wrong(name, f"in {self.path.name} it cannot be read ({error})") from error
        if len(data) != place[1]:
            raise _wrong(name, f"in {self.path.name} it is not whole")
        return data

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        archive = zipfile.ZipFile(self.path)
        # Its table of contents is read once, so it stays open for as long as this object lives.
        weakref.finalize(self, archive.close)
        return archive

    @cached_property
    def _members(self) -> Mapping[str, tuple[zipfile.ZipInfo | int, int]]:
        """Place and size of each file, read once: an archive may have tens of thousands."""
        places: dict[str, tuple[zipfile.ZipInfo | int, int]] = {}
        try:
            if self.path.suffix == ".zip":
                for info in self._zip.infolist():
                    if not info.is_dir():
                        places[info.filename] = (info, info.file_size)
            else:
                with tarfile.open(self.path, "r:") as tar:
                    for member in tar:
                        if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                            places[member.name] = (member.offset_data, member.size)
        except _BROKEN as error:
            raise _wrong(str(self.path), f"{self.path.name} cannot be read ({error})") from error
        return {str(PurePosixPath(name)): place for name, place in places.items() if _inside(name)}


def _wrong(given: str, why: str) -> ConfigError:
    return ConfigError(given=given, why=why, fix="fetch the archive again, or unpack it yourself")


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
