"""Answers on disk: what was answered once is never asked again, by no run and no process.

One SQLite file, readable by its user alone. It has answers under digests of their requests: no
request, no address and no key. Only answers are kept, never failures. Each has a digest of its own,
for SQLite does not see that a byte of a text has changed: a damaged answer is as good as none.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from pathlib import Path
from types import TracebackType

from platformdirs import user_cache_path
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from sectow_env.endpoint.exchange import Reply
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.errors import SectowError
from sectow_env.files import is_local

SCHEMA = 2
APPLICATION_ID = 0x5EC7E  # Marks the file as ours.
PATIENCE = 60.0
"""Seconds to wait for another process that writes."""
_TABLE = """
CREATE TABLE answers (
    key TEXT PRIMARY KEY,
    answer BLOB NOT NULL,
    digest BLOB NOT NULL,
    kept REAL NOT NULL
) WITHOUT ROWID
"""
_BROKEN = (sqlite3.Error, UnicodeError)
"""What a damaged file makes of a query: even the words of an error may be damaged."""


class CacheError(SectowError):
    """Raised when a cache of answers cannot be opened, read or written."""


def cache_path(settings: EndpointSettings) -> Path | None:
    """The file of the settings' cache, or None where they keep none."""
    if settings.cache == "default":
        # Each schema has a file of its own, so that another version's is no obstacle.
        return user_cache_path("sectow", appauthor=False) / f"endpoint-{SCHEMA}.sqlite"
    return settings.cache


class AnswerCache:
    """The answers of one file; several processes may use it at once.

    Args:
        path: The file; made if it is missing, with its folder.

    Raises:
        CacheError: It cannot be made or read, or is no cache of this version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            _touch(path)
            self._database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise self._error("it cannot be opened", error) from error
        # SQLite waits for locks by itself, but not while another process changes the mode.
        patiently = Retrying(
            retry=retry_if_exception(_is_locked),
            stop=stop_after_delay(PATIENCE),
            wait=wait_random(0.0, 0.05),
            reraise=True,
        )
        try:
            patiently(self._prepare)
        except _BROKEN as error:
            self._database.close()
            raise self._error("SQLite cannot read it", error) from error
        except BaseException:
            self._database.close()
            raise

    def get(self, key: str) -> Reply | None:
        """The answer that is kept under a key, or None; a damaged one is thrown away.

        Raises:
            CacheError: The file cannot be read.
        """
        try:
            row = self._database.execute(
                "SELECT answer, digest FROM answers WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                return None
            answer, digest = row
            if isinstance(answer, bytes) and digest == _digest(key, answer):
                return Reply.model_validate_json(answer).model_copy(update={"cached": True})
            self._database.execute("DELETE FROM answers WHERE key = ?", (key,))
        except _BROKEN as error:
            raise self._error("it cannot be read", error) from error
        return None

    def keep(self, key: str, reply: Reply) -> Reply:
        """Write an answer; it is on the disk when this returns.

        Returns:
            The answer, or the one that another process had written before: all get the same.

        Raises:
            CacheError: The file cannot be written.
        """
        answer = reply.model_dump_json(exclude={"cached"}).encode()
        try:
            done = self._database.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)",
                (key, answer, _digest(key, answer), time.time()),
            )
        except _BROKEN as error:
            raise self._error("it cannot be written", error) from error
        if done.rowcount:
            return reply
        return self.get(key) or reply

    def keys(self) -> set[str]:
        """The keys of all answers.

        Raises:
            CacheError: The file cannot be read.
        """
        try:
            return {key for (key,) in self._database.execute("SELECT key FROM answers")}
        except _BROKEN as error:
            raise self._error("it cannot be read", error) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> AnswerCache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")
        if self._pragma("application_id") == 0 and self._is_empty():
            # The mode is changed while no transaction is open; every process asks for the same one.
            journal = "WAL" if is_local(self._path) else "DELETE"
            self._database.execute(f"PRAGMA journal_mode = {journal}")
            self._database.execute("BEGIN IMMEDIATE")
            # Another process may have been faster.
            if self._is_empty():
                self._database.execute(_TABLE)
                self._database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._database.execute(f"PRAGMA user_version = {SCHEMA}")
            self._database.execute("COMMIT")
        self._database.execute("PRAGMA synchronous = FULL")
        if self._pragma("application_id") != APPLICATION_ID:
            raise self._error("the file is another program's database")
        if self._pragma("user_version") != SCHEMA:
            raise self._error(f"it has another schema than {SCHEMA}, which this version reads")

    def _is_empty(self) -> bool:
        row = self._database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return bool(row[0] == 0)

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"PRAGMA {name}").fetchone()[0])

    def _error(self, why: str, error: Exception | None = None) -> CacheError:
        return CacheError(
            given=f"the cache of answers {self._path}",
            why=f"{why} ({error})" if error else why,
            fix="give another file as the endpoint's setting cache, or null for none; a damaged "
            "file may be deleted, and what it held is asked for again",
        )


def _digest(key: str, answer: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + answer).digest()


def _touch(path: Path) -> None:
    """Make the file for the user alone; what SQLite lays beside it gets the same rights."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
