"""Rows of a labelled data set, from its home on the hub or from a local copy."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sectow_env.errors import ConfigError
from sectow_env.text import is_whole

Row = Mapping[str, Any]
BUILDERS: Mapping[str, str] = {".parquet": "parquet", ".csv": "csv", ".jsonl": "json"}
"""How `datasets` reads a file, by its suffix."""


@dataclass(frozen=True)
class Home:
    """Where a data set lives on the hub, and what its rows must hold."""

    repo: str
    config: str
    split: str
    revision: str
    """A commit: what is read today is read tomorrow."""
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """Repository and configuration."""
        return f"{self.repo}/{self.config}"


@dataclass(frozen=True)
class Table:
    """Rows that were read."""

    rows: Sequence[Row]
    """In order; their numbers count from 1."""
    revision: str
    """The commit, or for a local copy the digest of its rows."""


def read_table(home: Home, path: Path | None) -> Table:
    """Read all rows.

    Args:
        home: The data set.
        path: A local copy: a parquet, CSV or JSONL file, or a folder that holds one of them or is
            a clone of the repository; None asks the hub.

    Raises:
        ConfigError: It cannot be had, or lacks a column. No error quotes a row.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    how = None if path is None else _local(home, path)
    try:
        if how is None:
            data_set = load_dataset(
                home.repo, home.config, split=home.split, revision=home.revision
            )
            rows = _undecoded(data_set)
        else:
            # Third-party text is left in no cache of a library.
            with tempfile.TemporaryDirectory() as cache:
                rows = _undecoded(load_dataset(**how, cache_dir=cache))
    except (OSError, ValueError, StopIteration, DatasetsError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ConfigError(
            given=str(path or f"{home.name} at {home.revision}"),
            why=f"it cannot be read ({type(error).__name__}: {reason})",
            fix="check the connection, and on the hub that you have accepted the data set's terms "
            "and are logged in; or give a local copy as NAME:PATH",
        ) from error
    _check_columns(home, rows, str(path or home.name))
    return Table(rows, home.revision if path is None else _digest(rows))


def text_of(row: Row, column: str, number: int) -> str | None:
    """A text of a row; None where it is missing.

    Raises:
        ConfigError: It is no text.
    """
    value = row[column]
    if value is not None and not (isinstance(value, str) and is_whole(value)):
        raise wrong(column, number, "it is not a text")
    return value


def flag_of(row: Row, column: str, number: int) -> bool | None:
    """A cell that is true or false, 1 or 0; None for a gap.

    Raises:
        ConfigError: It is something else.
    """
    value = row[column]
    # A column with a gap comes as numbers with a point, and the gap as None or NaN.
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if value not in (0, 1):
        raise wrong(column, number, "it is 1 or 0, true or false")
    return bool(value)


def wrong(column: str, number: int, why: str) -> ConfigError:
    """The error for a value, which is not quoted."""
    return ConfigError(
        given=f"row {number}, column {column!r}",
        why=why,
        fix="give the data set as it was published",
    )


def _undecoded(data_set: Any) -> list[dict[str, Any]]:
    """All rows as stored: a column that claims to be pictures must reach no picture library."""
    return list(data_set.data.to_pylist())


def _local(home: Home, path: Path) -> dict[str, Any]:
    if path.is_dir() and (path / "README.md").is_file():
        return {"path": str(path), "name": home.config, "split": home.split}
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in BUILDERS)
    if len(files) != 1 or not files[0].is_file() or files[0].suffix not in BUILDERS:
        raise ConfigError(
            given=f"{path} as a copy of {home.name}",
            why=f"it is not one file that ends in {', '.join(BUILDERS)}, nor a folder with one",
            fix="give the file with the rows",
        )
    if not files[0].stat().st_size:
        raise ConfigError(
            given=f"{files[0]} as a copy of {home.name}",
            why="it is empty",
            fix="give the file with the rows",
        )
    kind = BUILDERS[files[0].suffix]
    # A response may be the word None or NA: only an empty field is a gap.
    gaps = {"keep_default_na": False, "na_values": [""]} if kind == "csv" else {}
    return {"path": kind, "data_files": [str(files[0])], "split": "train", **gaps}


def _check_columns(home: Home, rows: Sequence[Row], where: str) -> None:
    missing = [name for name in home.columns if not rows or name not in rows[0]]
    if missing:
        raise ConfigError(
            given=f"{where}, with {len(rows)} rows",
            why=f"{home.name} has the columns {', '.join(missing)}, and this has not",
            fix="give the data set as it was published",
        )


def _digest(rows: Sequence[Row]) -> str:
    return "rows-" + hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:32]
