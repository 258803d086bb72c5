"""The attack pool: what attackers found that worked, in one SQLite file.

One process writes, others may read. On a local disk the file is in WAL mode, elsewhere it uses a
rollback journal, because WAL does not work over a network.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Self

import numpy as np

from sectow_env.errors import SectowError
from sectow_env.files import is_local
from sectow_env.game import Attack, Episode, Turn, Verdict
from sectow_env.game.success import is_success
from sectow_env.pool.duplicates import (
    NEAR,
    cluster_of,
    digest_of,
    is_slot_attack,
    overlap,
    slot_of,
    tokens_of,
)
from sectow_env.pool.near import TABLES, NearIndex

SCHEMA = 2
APPLICATION_ID = 0x5EC70  # Marks the file as ours.
CACHE_KIB = 2**17  # Pages of a large index would be written again and again.
CountBy = Literal["channel", "frame", "cluster", "round"]
_COLUMN_OF: Mapping[CountBy, str] = {
    "channel": "channel",
    "frame": "slot",
    "cluster": "cluster",
    "round": "round",
}
_TABLES = f"""
CREATE TABLE attacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    round INTEGER NOT NULL,
    channel TEXT NOT NULL,
    slot TEXT NOT NULL,
    cluster TEXT NOT NULL,
    slotted INTEGER NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    sketch BLOB NOT NULL,
    picture TEXT,
    tokens TEXT NOT NULL,
    judge TEXT NOT NULL,
    turn TEXT NOT NULL
);
CREATE INDEX attacks_by_cluster ON attacks (cluster, slot);
CREATE TABLE successes (
    attack INTEGER NOT NULL,
    round INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (attack, round)
) WITHOUT ROWID;
{TABLES}"""


_INSERT = (
    "INSERT INTO attacks (round, channel, slot, cluster, slotted, digest, sketch, picture, tokens, "
    "judge, turn) VALUES (:round, :channel, :slot, :cluster, :slotted, :digest, :sketch, :picture, "
    ":tokens, :judge, :turn)"
)


class PoolError(SectowError):
    """Raised when a pool cannot be opened or written."""


class AddReport(NamedTuple):
    """What became of the turns that were offered; the four numbers add up to all of them."""

    admitted: int
    exact_duplicates: int
    near_duplicates: int
    unsuccessful: int
    """Invalid, unscored, not harmful, or harmful off the behavior."""


class Entry(NamedTuple):
    """One attack of the pool."""

    id: int
    """Grows with every attack, and is never used again."""
    round: int
    turn: Turn
    judge: str
    """Id and version of the judge that called it harmful."""
    successes: int
    """How often it succeeded: 1, and 1 more for each duplicate that came later."""


class AttackPool:
    """Successful attacks with their scenarios and the responses that they got, without duplicates.

    Equal query and pixels are exact duplicates. Of attacks that a channel rendered, one for each
    cluster, channel and frame is kept; one in free form is dropped when its words overlap by 0.9 or
    more (Jaccard) with those of any attack on the same cluster. A picture whose words are unknown
    counts as one word, the same for pictures that look alike.

    Args:
        path: The file; made if it is missing, except for reading.
        read_only: Open for reading beside a writer.

    Raises:
        PoolError: Another process writes to the pool, or the file is missing, is no pool, or has
            another schema.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self._lock = None if read_only else _lock(self.path)
        try:
            self._database = _open(self.path, read_only)
            self._index = NearIndex(self._database, NEAR)
        except BaseException:
            self._unlock()
            raise

    def add(self, episodes: Iterable[Episode], *, round: int) -> AddReport:  # noqa: A002  (its name)
        """Admit the successful, valid, new attacks of some episodes; killed halfway, none of them.

        Args:
            episodes: Judged episodes; each of their turns is looked at.
            round: The round that found them, from 0 on.

        Raises:
            PoolError: The pool is open for reading only.
        """
        self._must_write()
        counted = dict.fromkeys(AddReport._fields, 0)
        try:
            with self._database:
                for episode in episodes:
                    for turn, verdict in zip(episode.turns, episode.verdicts, strict=True):
                        counted[self._offer(turn, verdict, round)] += 1
        except BaseException:
            self._index.forget()
            raise
        return AddReport(**counted)

    def drop_round(self, round: int) -> int:  # noqa: A002  (its name)
        """Forget what a round found, for a run that plays it again; returns how many attacks.

        Raises:
            PoolError: The pool is open for reading only.
        """
        self._must_write()
        with self._database:
            run = self._database.execute
            dropped = run("DELETE FROM attacks WHERE round = ?", (round,)).rowcount
            run("DELETE FROM parts WHERE attack NOT IN (SELECT id FROM attacks)")
            run("DELETE FROM successes WHERE round = ?", (round,))
        self._index.forget()
        return dropped

    def counts(self, by: CountBy = "frame") -> dict[str, int]:
        """How many attacks there are of each kind, in order of the kinds' names.

        With `frame` the keys are `channel/frame`, as `RewardContext.pool_counts` wants them. The
        word `None` stands for attacks that no channel rendered.
        """
        column = _COLUMN_OF[by]
        query = f"SELECT {column}, COUNT(*) FROM attacks GROUP BY {column} ORDER BY {column}"  # noqa: S608  (ours)
        return {str(kind): count for kind, count in self._database.execute(query)}

    def sample(
        self,
        n: int,
        rng: np.random.Generator,
        *,
        stratify: Literal["channel"] | None = "channel",
    ) -> list[Turn]:
        """Draw different attacks at random.

        Args:
            n: How many; a smaller pool gives all that it has.
            rng: The caller's generator.
            stratify: `channel` takes turns between the channels until they run out; None draws from
                all alike.
        """
        rows = self._database.execute("SELECT id, channel FROM attacks ORDER BY id").fetchall()
        order = [rows[int(index)] for index in rng.permutation(len(rows))]
        if stratify == "channel":
            rank: dict[str, int] = {}
            ranked = []
            for identity, channel in order:
                rank[channel] = rank.get(channel, 0) + 1
                ranked.append((rank[channel], identity, channel))
            # The sort is stable, so the order of channels within a rank stays random.
            ranked.sort(key=lambda row: row[0])
            order = [(identity, channel) for _, identity, channel in ranked]
        return [self._turn(identity) for identity, _ in order[:n]]

    def __len__(self) -> int:
        return int(self._database.execute("SELECT COUNT(*) FROM attacks").fetchone()[0])

    def __iter__(self) -> Iterator[Entry]:
        """All attacks, in the order in which they came in."""
        query = (
            "SELECT id, attacks.round, turn, judge, SUM(count) FROM attacks "
            "JOIN successes ON attack = id GROUP BY id ORDER BY id"
        )
        for identity, found_in, turn, judge, successes in self._database.execute(query):
            yield Entry(identity, found_in, Turn.model_validate_json(turn), judge, successes)

    def digest(self, last_round: int) -> str:
        """Hex SHA-256 of the attacks that were found up to a round, in their order."""
        digest = hashlib.sha256()
        query = "SELECT round, judge, turn FROM attacks WHERE round <= ? ORDER BY id"
        for row in self._database.execute(query, (last_round,)):
            digest.update(json.dumps(row).encode())
        return digest.hexdigest()

    def close(self) -> None:
        """Release the file; doing so again is fine."""
        self._database.close()
        self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AttackPool({str(self.path)!r})"

    def _offer(self, turn: Turn, verdict: Verdict, found_in: int) -> str:
        """Which count of the report the turn belongs to."""
        if not is_success(turn, verdict):
            return "unsuccessful"
        digest, cluster = digest_of(turn.attack), cluster_of(turn.scenario)
        query = "SELECT id FROM attacks WHERE digest = ?"
        exact = self._database.execute(query, (digest,)).fetchone()
        if exact:
            self._count(exact[0], found_in)
            return "exact_duplicates"
        image, picture = turn.attack.image, None
        if image is not None and turn.attack.drawn is None:
            picture = self._index.picture_of(cluster, image)
        tokens = tokens_of(turn.attack, picture)
        near = self._near(turn.attack, cluster, tokens)
        if near is not None:
            self._count(near, found_in)
            return "near_duplicates"
        row = {
            "round": found_in,
            "channel": str(turn.attack.channel),
            "slot": slot_of(turn.attack),
            "cluster": cluster,
            "slotted": is_slot_attack(turn.attack),
            "digest": digest,
            "sketch": self._index.sketch(tokens),
            "picture": picture,
            "tokens": json.dumps(sorted(tokens)),
            "judge": f"{verdict.judge}@{verdict.version}",
            "turn": turn.model_dump_json(),
        }
        identity = self._database.execute(_INSERT, row).lastrowid
        assert identity is not None
        self._index.add(identity, cluster, tokens, picture)
        self._count(identity, found_in)
        return "admitted"

    def _near(self, attack: Attack, cluster: str, tokens: frozenset[str]) -> int | None:
        """The attack that makes this one a near duplicate."""
        if is_slot_attack(attack):
            query = "SELECT id FROM attacks WHERE cluster = ? AND slot = ? AND slotted"
            row = self._database.execute(query, (cluster, slot_of(attack))).fetchone()
            return None if row is None else int(row[0])
        candidates = self._index.candidates(cluster, tokens)
        return next((at for at, other in candidates if overlap(tokens, other) >= NEAR), None)

    def _count(self, identity: int, found_in: int) -> None:
        self._database.execute(
            "INSERT INTO successes VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
            (identity, found_in),
        )

    def _turn(self, identity: int) -> Turn:
        query = "SELECT turn FROM attacks WHERE id = ?"
        return Turn.model_validate_json(self._database.execute(query, (identity,)).fetchone()[0])

    def _must_write(self) -> None:
        if self.read_only:
            raise PoolError(
                given=f"a change to the attack pool {self.path}",
                why="it was opened for reading only",
                fix="open it without read_only",
            )

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _lock(path: Path) -> sqlite3.Connection:
    """Hold the writer's lock. It is a transaction of its own, which ends with the process."""
    if not path.parent.is_dir():
        raise PoolError(
            given=f"the attack pool {path}",
            why=f"there is no folder {path.parent}",
            fix="make the folder first",
        )
    lock = sqlite3.connect(f"{path}-lock", timeout=0.0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        raise PoolError(
            given=f"the attack pool {path}",
            why=f"another process, or another AttackPool of this one, writes to it ({error})",
            fix="wait for it or close it, or open the pool with read_only=True",
        ) from error
    return lock


def _open(path: Path, read_only: bool) -> sqlite3.Connection:
    if read_only and not path.is_file():
        raise PoolError(
            given=f"the attack pool {path}",
            why="there is no such file",
            fix="check the path, or open it for writing to make it",
        )
    mode = "ro" if read_only else "rwc"
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)
    try:
        _prepare(database, path, read_only)
    except sqlite3.Error as error:
        database.close()
        raise PoolError(
            given=f"the attack pool {path}",
            why=f"SQLite cannot read it ({error})",
            fix="give the path of a pool, or of a new file",
        ) from error
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: Path, read_only: bool) -> None:
    database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    tables = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    if not tables and not read_only:
        database.execute(f"PRAGMA journal_mode = {'WAL' if is_local(path) else 'DELETE'}")
        # One script is one transaction: a file is never half a pool.
        database.executescript(
            f"BEGIN;{_TABLES}PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {SCHEMA};COMMIT;"
        )
    with closing(database.cursor()) as cursor:
        ours = cursor.execute("PRAGMA application_id").fetchone()[0]
        schema = cursor.execute("PRAGMA user_version").fetchone()[0]
    if ours != APPLICATION_ID:
        raise PoolError(
            given=f"the attack pool {path}",
            why="the file is another program's database",
            fix="give the path of a pool, or of a new file",
        )
    if schema != SCHEMA:
        raise PoolError(
            given=f"the attack pool {path}",
            why=f"it has schema {schema}, this version reads {SCHEMA}",
            fix="open it with the version of sectow that wrote it",
        )
