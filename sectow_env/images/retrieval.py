"""Retrieval: the picture in a folder whose caption fits the words best."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sectow_env.errors import ConfigError, SectowError
from sectow_env.game.picture import Picture
from sectow_env.game.renderer import Drawing

SUFFIXES = (".png", ".jpg", ".jpeg")
CACHED = 256
"""Number of decoded pictures kept."""
_WORD = re.compile(r"[^\W_]+")


class _Entry(NamedTuple):
    file: Path
    words: frozenset[str]
    digest: bytes
    """SHA-256 of the file."""


class Retrieval:
    """The renderer `sectow/retrieval?folder=DIR`.

    The caption of `door.png` is the text of `door.txt` beside it, or else its own name. The picture
    is chosen whose caption shares the most words with the attacker's, each word weighted by how
    rare it is among the captions (inverse document frequency); the shorter caption wins a tie, then
    the first name. If no word is shared there is no picture, and the attack is invalid.

    Args:
        folder: Contains the pictures, also in subfolders.

    Raises:
        ConfigError: The folder does not exist or has no pictures, or a caption is not UTF-8.
    """

    max_words = 64
    legible = False

    def __init__(self, folder: str | Path) -> None:
        root = Path(folder)
        files = sorted(
            file for file in root.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()
        )
        if not files:
            raise ConfigError(
                given=f"folder={str(folder)!r}",
                why="it has no pictures" if root.is_dir() else "the folder does not exist",
                fix=f"give a folder with pictures ({', '.join(SUFFIXES)})",
            )
        self._entries = [
            _Entry(file, _caption(file), hashlib.sha256(file.read_bytes()).digest())
            for file in files
        ]
        self.id = "sectow/retrieval"
        self.version = f"1-{_digest(root, self._entries)}"
        seen = Counter(word for entry in self._entries for word in entry.words)
        self._weight = {
            word: math.log(1 + len(self._entries) / count) for word, count in seen.items()
        }

    @property
    def captions(self) -> list[str]:
        """The words of each picture."""
        return [" ".join(sorted(entry.words)) for entry in self._entries]

    def fits(self, text: str) -> bool:
        """Whether a picture has a word of the text in its caption."""
        return not _words(text).isdisjoint(self._weight)

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture | None]:
        """One picture each, None if no caption fits."""
        return [self._best(_words(" ".join(drawing.words))) for drawing in drawings]

    def _best(self, words: frozenset[str]) -> Picture | None:
        def fits(entry: _Entry) -> float:
            return sum(self._weight[word] for word in words & entry.words)

        best = max(self._entries, key=lambda entry: (fits(entry), -len(entry.words)))
        return _read(best.file, best.digest) if fits(best) > 0 else None


@lru_cache(maxsize=CACHED)
def _read(file: Path, digest: bytes) -> Picture:
    data = file.read_bytes()
    if hashlib.sha256(data).digest() != digest:
        raise ConfigError(
            given=f"the picture {file}",
            why="it has changed since the renderer was made, so its version no longer applies",
            fix="make the environment again",
        )
    try:
        return Picture.from_bytes(data)
    except SectowError as error:
        raise ConfigError(given=f"the picture {file}", why=error.why, fix=error.fix) from error


def _caption(file: Path) -> frozenset[str]:
    beside = file.with_suffix(".txt")
    try:
        return _words(beside.read_text("utf-8") if beside.is_file() else file.stem)
    except UnicodeDecodeError as error:
        raise ConfigError(
            given=f"the caption {beside}",
            why=f"it is not UTF-8 text ({error.reason})",
            fix="save it as UTF-8",
        ) from error


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _digest(root: Path, entries: Sequence[_Entry]) -> str:
    """Digest of pictures and captions, independent of the folder's path."""
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(entry.file.relative_to(root).as_posix().encode() + b"\0")
        digest.update(entry.digest)
        digest.update(" ".join(sorted(entry.words)).encode() + b"\0")
    return digest.hexdigest()[:12]
