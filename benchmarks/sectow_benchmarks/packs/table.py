"""Harmless requests from any table that the library `datasets` opens: image, question, answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sectow_benchmarks.packs.source import Facts
from sectow_benchmarks.suites.data import Data, Open, Row
from sectow_benchmarks.suites.data_suite import Record
from sectow_benchmarks.suites.fetched import AS_GIVEN
from sectow_env.errors import ConfigError, SectowError, quoted


@dataclass(frozen=True)
class Table:
    """A data set of the hub, `ID` or `ID@REVISION`, or a folder of tables.

    Nothing in it is run. Pictures are stored in its rows, or are files within the folder.
    """

    given: str
    split: str = "train"
    image: str | None = None
    """Columns."""
    question: str = "question"
    answer: str | None = None
    licence: str | None = None
    """As the user read it on the data set's page."""

    @property
    def folder(self) -> Path | None:
        """Where it is on this machine; None for the hub."""
        path = Path(self.given)
        return path if path.is_dir() else None

    @cached_property
    def revision(self) -> str:
        """Its commit on the hub, in full.

        Raises:
            ConfigError: The hub cannot be reached, or has no such data set.
        """
        if self.folder is not None:
            return AS_GIVEN
        import httpx2
        from huggingface_hub import HfApi

        name, _, revision = self.given.partition("@")
        try:
            return str(HfApi().dataset_info(name, revision=revision or None).sha)
        except (httpx2.HTTPError, OSError, ValueError) as error:
            raise self._unusable(error) from error

    def facts(self) -> Facts:
        """For the card."""
        name = self.given.partition("@")[0] if self.folder is None else self.given
        return Facts(
            name="harmless",
            title=f"split {self.split} of {Path(name).name}",
            where=f"hub data set {name}" if self.folder is None else "a folder of the user's",
            revision=self.revision,
            licence=self.licence,
            gate=None,
        )

    def records(self) -> Iterator[Record]:
        """One record per row; rows that show the same picture are a cluster.

        A row without a question is a record with an empty query, which no pack takes.
        """
        from datasets.exceptions import DatasetsError

        try:
            for number, values in enumerate(self._rows(), start=1):
                if number == 1:
                    self._check_columns(values)
                yield self._record(number, Row(f"row {number} of {self.given}", values))
        except SectowError:
            raise
        except (DatasetsError, OSError, ValueError, KeyError, TypeError) as error:
            raise self._unusable(error) from error

    def _check_columns(self, values: Mapping[str, Any]) -> None:
        named = {"image": self.image, "question": self.question, "answer": self.answer}
        for option, column in named.items():
            if column is not None and column not in values:
                raise ConfigError(
                    given=f"--{option}-column {column} of {self.given}",
                    why=f"it has no column {column!r}",
                    fix=f"choose from {', '.join(map(str, values))}",
                )

    def _record(self, number: int, row: Row) -> Record:
        return Record(
            id=str(number - 1),
            role="over_refusal",
            query=row.optional(self.question) or "",
            picture=None if self.image is None else self._picture(row, self.image),
            category="harmless",
            cluster="" if self.image is None else self._digest(row, self.image),
            reference=None if self.answer is None else row.optional(self.answer),
        )

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        from datasets import Image, load_dataset

        name, revision = self.given.partition("@")[0], self.revision
        # Streamed: neither copied into a cache, nor kept in memory.
        rows = load_dataset(
            name if self.folder is None else str(self.folder),
            split=self.split,
            revision=None if revision == AS_GIVEN else revision,
            streaming=True,
        )
        if self.image is not None and isinstance((rows.features or {}).get(self.image), Image):
            rows = rows.cast_column(self.image, Image(decode=False))
        return iter(rows)

    def _picture(self, row: Row, column: str) -> Open:
        path = self._path(row.value(column))
        if path is None:
            return row.picture(column)
        assert self.folder is not None
        return Data(self.folder).picture(path)

    def _digest(self, row: Row, column: str) -> str:
        path = self._path(row.value(column))
        return row.digest(column) if path is None else path

    def _path(self, value: object) -> str | None:
        """Of a picture that is a file, within the folder; `Data` refuses any other."""
        if not isinstance(value, Mapping) or value.get("bytes") or self.folder is None:
            return None
        path = Path(str(value.get("path")))
        home = self.folder.resolve()
        return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)

    def _unusable(self, error: Exception) -> ConfigError:
        return ConfigError(
            given=f"--harmless {self.given}, split {self.split}",
            why=f"it cannot be read ({type(error).__name__}: {quoted(error)})",
            fix="give the id of a data set on the hub, ID@REVISION, or a folder of parquet, JSON "
            "or CSV files, and its columns",
        )
