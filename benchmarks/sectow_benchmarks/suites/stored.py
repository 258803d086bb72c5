"""Pictures of suites that have too many for memory."""

from __future__ import annotations

from sectow_benchmarks.suites.data import Open
from sectow_env.errors import SectowError
from sectow_env.game.picture import Picture, Pixels

MOST_PIXELS = 2**30
"""Bytes of pixels of one suite that stay in memory; the pictures beyond are stored ones."""


class StoredPicture(Picture):
    """A picture that is opened again whenever its pixels are needed."""

    def __init__(self, first: Picture, load: Open) -> None:
        self.sha256 = first.sha256
        self.converted = first.converted
        self._load = load

    @property
    def pixels(self) -> Pixels:
        """The pixels, read now.

        Raises:
            SectowError: They are other ones than at first.
        """
        again = self._load()
        if again.sha256 != self.sha256:
            raise SectowError(
                given=f"the picture {self.sha256[:12]} of a suite",
                why="its file has changed since it was first read",
                fix="start again, and leave the suite's files alone meanwhile",
            )
        return again.pixels

    @property
    def png(self) -> bytes:
        """The picture as a PNG file, which is not kept."""
        return Picture(self.pixels).png
