"""An index that finds near-duplicate sets of words without comparing all pairs.

It is exact, unlike MinHash, and as fast. Two sets with a Jaccard index of `near` or more differ in
few tokens, at most `size * (1 - near) / near`. Each set is cut by the tokens' digests into more
parts than that, so that two such sets have at least a part in common (the pigeonhole principle).
Only sets that share a part with the new set are compared token by token.

Attacks that are all written from the same template share parts though they are no duplicates. From
`MOST` candidates on, a sketch of 512 bits, whose bits differ at no more places than the tokens do,
is compared for the whole cluster at once.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator

import numpy as np

from sectow_env.game.picture import Picture
from sectow_env.pool.pictures import bands, look_alike, picture_hash

TABLES = """
CREATE TABLE parts (
    signature INTEGER NOT NULL,
    attack INTEGER NOT NULL,
    PRIMARY KEY (signature, attack)
) WITHOUT ROWID;
"""
BLANK = "blank:"
"""Before the digest of a picture that shows nothing, and is like none but itself."""
MOST = 300
"""Candidates from which the sketches of a cluster are compared instead."""
_WORDS = 8
"""Unsigned 64-bit words of a sketch."""
_STEP = 0x9E3779B97F4A7C15
"""An odd number: keeps the same content in two parts apart."""
_LARGEST = 2**20
_ROUNDING = 1e-9


class NearIndex:
    """The index of a pool, in its database.

    Args:
        database: Has a table `attacks` with the columns `id`, `cluster`, `tokens` and `sketch`.
        near: Jaccard index, above 0 and up to 1, from which two sets are near duplicates.
    """

    def __init__(self, database: sqlite3.Connection, near: float) -> None:
        self._database = database
        self._near = near
        self._bounds = _size_classes(near)
        self._sketches: dict[str, tuple[list[int], bytearray]] = {}

    def candidates(
        self, cluster: str, tokens: frozenset[str]
    ) -> Iterator[tuple[int, frozenset[str]]]:
        """Ids and tokens of attacks on a cluster: all near duplicates, oldest first, and others."""
        hashes = [digest_of_text(token) for token in tokens]
        own = self._size_class(len(hashes))
        probes = [
            signature
            for size_class in range(max(0, own - 1), own + 2)
            for signature in self._signatures(cluster, hashes, size_class)
        ]
        query = (
            "SELECT DISTINCT attack FROM parts "
            "WHERE signature IN (SELECT value FROM json_each(?)) LIMIT ?"
        )
        rows = self._database.execute(query, (json.dumps(probes), MOST)).fetchall()
        ids = sorted(row[0] for row in rows)
        if len(ids) == MOST:
            ids = self._by_sketch(cluster, hashes)
        query = "SELECT tokens FROM attacks WHERE id = ? AND cluster = ?"
        for identity in ids:
            for row in self._database.execute(query, (identity, cluster)):
                yield identity, frozenset(json.loads(row[0]))

    def picture_of(self, cluster: str, picture: Picture) -> str:
        """What stands for a picture: the hash of the oldest one on this cluster that looks like it.

        Raises:
            MissingExtraError: ImageHash is not installed.
        """
        value = picture_hash(picture)
        if value is None:
            return f"{BLANK}{picture.sha256}"
        query = (
            "SELECT DISTINCT picture FROM attacks JOIN parts ON id = attack WHERE cluster = ? "
            "AND picture > '' AND picture NOT LIKE 'blank%' "
            "AND signature IN (SELECT value FROM json_each(?)) ORDER BY id"
        )
        probes = json.dumps(_bands_of(cluster, value))
        for row in self._database.execute(query, (cluster, probes)):
            if look_alike(value, int(row[0], 16)):
                return str(row[0])
        return f"{value:x}"

    def sketch(self, tokens: Iterable[str]) -> bytes:
        """What is stored beside the tokens."""
        return _sketch_of(digest_of_text(token) for token in tokens)

    def add(self, identity: int, cluster: str, tokens: frozenset[str], picture: str | None) -> None:
        """Index an attack that was stored."""
        hashes = [digest_of_text(token) for token in tokens]
        signatures = self._signatures(cluster, hashes, self._size_class(len(hashes)))
        if picture is not None and not picture.startswith(BLANK):
            signatures += _bands_of(cluster, int(picture, 16))
        self._database.executemany(
            "INSERT OR IGNORE INTO parts VALUES (?, ?)",
            [(signature, identity) for signature in signatures],
        )
        if cluster in self._sketches:
            ids, sketches = self._sketches[cluster]
            ids.append(identity)
            sketches += _sketch_of(hashes)

    def forget(self) -> None:
        """What is in memory is no longer what is stored."""
        self._sketches.clear()

    def _by_sketch(self, cluster: str, hashes: list[int]) -> list[int]:
        if cluster not in self._sketches:
            query = "SELECT id, sketch FROM attacks WHERE cluster = ? ORDER BY id"
            rows = self._database.execute(query, (cluster,)).fetchall()
            stored = bytearray().join(row[1] for row in rows)
            self._sketches[cluster] = [row[0] for row in rows], stored
        ids, sketches = self._sketches[cluster]
        table = np.frombuffer(sketches, dtype=np.uint64).reshape(-1, _WORDS)
        own = np.frombuffer(_sketch_of(hashes), dtype=np.uint64)
        differing = np.bitwise_count(table ^ own).sum(axis=1, dtype=np.int64)
        return [ids[at] for at in np.flatnonzero(differing <= self._differing(len(hashes)))]

    def _signatures(self, cluster: str, hashes: list[int], size_class: int) -> list[int]:
        largest = self._bounds[size_class + 1] - 1
        sums = [0] * (self._differing(largest) + 1)
        for value in hashes:
            sums[value % len(sums)] += value
        key = digest_of_text(f"{size_class}\x1f{cluster}")
        return [_signed(key + at * _STEP + value) for at, value in enumerate(sums)]

    def _size_class(self, size: int) -> int:
        return bisect_right(self._bounds, size) - 1

    def _differing(self, size: int) -> int:
        """In how many tokens a set of this size differs from any near duplicate, at most."""
        return int(size * (1.0 - self._near) / self._near + _ROUNDING)


def digest_of_text(text: str) -> int:
    """64 bits, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _bands_of(cluster: str, value: int) -> list[int]:
    return [_signed(digest_of_text(f"{band}\x1f{cluster}")) for band in bands(value)]


def _size_classes(near: float) -> list[int]:
    """The first size of each class; a near duplicate is in the same or a neighboring class."""
    bounds = [0, 1]
    while bounds[-1] <= _LARGEST:
        bounds.append(int(bounds[-1] / near + _ROUNDING) + 1)
    return bounds


def _sketch_of(hashes: Iterable[int]) -> bytes:
    bits = 0
    for value in hashes:
        bits ^= 1 << (value >> 32) % (64 * _WORDS)
    return bits.to_bytes(8 * _WORDS, "little")


def _signed(value: int) -> int:
    """As SQLite stores it."""
    return (value + 2**63) % 2**64 - 2**63
