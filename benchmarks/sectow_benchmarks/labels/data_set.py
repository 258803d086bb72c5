"""A labelled data set as labelled turns, from its home on the hub or from a local copy."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet
from sectow_benchmarks.suites.data import Row, check_columns
from sectow_env.errors import ConfigError

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


def label_set(
    home: Home, path: Path | None, labelled: Callable[[Row, int], LabelledTurn | None]
) -> LabelSet:
    """All rows as labelled turns; those of which none is made are left out and counted.

    Args:
        home: The data set.
        path: A local copy: a parquet, CSV or JSONL file, or a folder that contains one of them or
            is a clone of the repository; None asks the hub.
        labelled: What a row and its number, from 1 on, stand for.

    Raises:
        ConfigError: It cannot be had, or lacks a column. No error quotes a row.
    """
    stored = _read(home, path)
    check_columns(str(path or home.name), list(stored[0]) if stored else (), home.columns)
    rows = [
        labelled(Row(f"row {number}", values), number)
        for number, values in enumerate(stored, start=1)
    ]
    turns = tuple(turn for turn in rows if turn is not None)
    return LabelSet(
        source=home.name,
        revision=home.revision if path is None else _digest(stored),
        turns=turns,
        left_out=len(rows) - len(turns),
    )


def _read(home: Home, path: Path | None) -> list[dict[str, Any]]:
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    how = None if path is None else _local(home, path)
    try:
        if how is None:
            data_set = load_dataset(
                home.repo, home.config, split=home.split, revision=home.revision
            )
            return _undecoded(data_set)
        # Third-party text is left in no cache of a library.
        with tempfile.TemporaryDirectory() as cache:
            return _undecoded(load_dataset(**how, cache_dir=cache))
    except (OSError, ValueError, StopIteration, DatasetsError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ConfigError(
            given=str(path or f"{home.name} at {home.revision}"),
            why=f"it cannot be read ({type(error).__name__}: {reason})",
            fix="check the connection, and on the hub that you have accepted the data set's terms "
            "and are logged in; or give a local copy as NAME:PATH",
        ) from error


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


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    return "rows-" + hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:32]
