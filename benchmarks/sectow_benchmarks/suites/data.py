"""Reads a suite's files as the data they are: rows with known columns, and pictures.

No error quotes a row, whose text may be harmful: it names file, row and column.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sectow_benchmarks.suites.archive import Archive
from sectow_env.errors import ConfigError, SectowError, quoted
from sectow_env.game.picture import Picture
from sectow_env.reading import parse_json, read_bytes, read_jsonl, read_text
from sectow_env.text import is_whole

Open = Callable[[], Picture]
"""Opens a picture when it is needed: a suite may have tens of thousands."""
_BATCH = 64
"""Rows of a parquet file that are in memory at once."""


@dataclass(frozen=True)
class Row:
    """One row of a suite's file; an unusable value is a ConfigError with file, row and column."""

    where: str
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        """A text that is not empty; a number becomes its digits."""
        text = self.optional(column)
        if text is None or not text.strip():
            raise self.wrong(column, "it is empty")
        return text

    def optional(self, column: str) -> str | None:
        """A text, or None where it is missing."""
        value = self.value(column)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not (isinstance(value, str) and is_whole(value)):
            raise self.wrong(column, "it is not a text")
        return value

    def texts(self, column: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.value(column)
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise self.wrong(column, "it is not a list")
        if not all(isinstance(text, str) and is_whole(text) for text in value):
            raise self.wrong(column, "it is not a list of texts")
        return tuple(value)

    def index(self, column: str) -> int:
        """A whole number from 0 on, maybe stored as text or with a point."""
        text = self.text(column).removesuffix(".0")
        if not (text.isascii() and text.isdecimal()):
            raise self.wrong(column, "it is not a whole number from 0 on")
        return int(text)

    def flag(self, column: str) -> bool:
        """True or false, 1 or 0."""
        value = self.optional_flag(column)
        if value is None:
            raise self.wrong(column, "it is empty")
        return value

    def optional_flag(self, column: str) -> bool | None:
        """The same, or None for a gap."""
        value = self.value(column)
        # A column with a gap comes as numbers with a point, and the gap as None or NaN.
        if value is None or value != value:  # noqa: PLR0124  (NaN, of any type)
            return None
        if value not in (0, 1):
            raise self.wrong(column, "it is neither true nor false")
        return bool(value)

    def row(self, column: str) -> Row:
        """An object within the row."""
        value = self.value(column)
        if not isinstance(value, Mapping):
            raise self.wrong(column, "it is not an object")
        return Row(f"{self.where}, {column}", value)

    def rows(self, column: str) -> tuple[Row, ...]:
        """A list of objects within the row."""
        value = self.value(column)
        if not isinstance(value, Sequence) or not all(isinstance(each, Mapping) for each in value):
            raise self.wrong(column, "it is not a list of objects")
        return tuple(Row(f"{self.where}, {column} {at}", each) for at, each in enumerate(value))

    def picture(self, column: str) -> Open:
        """A picture that is stored in the row, opened when it is called."""
        data = self._bytes(column)
        return lambda: _opened(
            lambda: Picture.from_bytes(data, webp=True), f"{self.where}, column {column!r}"
        )

    def digest(self, *columns: str) -> str:
        """The same for rows that are alike in these columns of texts or pictures: a cluster."""
        values = (self.values.get(column) for column in columns)
        parts = (
            text.encode() if isinstance(text, str) else self._bytes(column)
            for column, text in zip(columns, values, strict=True)
        )
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]

    def _bytes(self, column: str) -> bytes:
        value = self.value(column)
        data = value.get("bytes") if isinstance(value, Mapping) else value
        if not isinstance(data, bytes):
            raise self.wrong(column, "it is not a picture's bytes")
        return data

    def value(self, column: str) -> Any:
        """Whatever is stored; of an object that lacks the key, an error."""
        if column not in self.values:
            raise ConfigError(
                given=self.where,
                why=f"it has no column {column!r}",
                fix="give the data set as it was published",
            )
        return self.values[column]

    def wrong(self, column: str, why: str) -> ConfigError:
        """The error for a value, which is not quoted."""
        return ConfigError(
            given=f"{self.where}, column {column!r}",
            why=why,
            fix="give the data set as it was published",
        )


@dataclass(frozen=True)
class Data:
    """The folder of a suite's files."""

    folder: Path
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """What was read so far -> its columns; none for what is not a table."""
    _archives: dict[str, Archive] = field(default_factory=dict, repr=False, compare=False)

    def rows(self, file: str, columns: Sequence[str]) -> Iterator[Row]:
        """The rows of a CSV, JSONL or JSON file (a list of objects), with their places from 1 on.

        A text file's lines that are not empty are rows with the column `line`.

        Raises:
            ConfigError: It is missing, is of another form, or lacks a column.
        """
        path = self.file(file)
        for number, values in enumerate(_read(path, file), start=1):
            if not isinstance(values, Mapping):
                raise _form(file, f"its entry {number} is not an object")
            if number == 1:
                self.seen[file] = tuple(values)
                check_columns(file, self.seen[file], columns)
            yield Row(f"row {number} of {file}", values)

    def by_key(self, file: str, columns: Sequence[str]) -> Iterator[Row]:
        """The rows of a JSON file that is an object of objects, such as one by number.

        Raises:
            ConfigError: It is missing, is of another form, or lacks a column.
        """
        tree: Any = self.json(file)
        rows: list[Any] = list(tree.values()) if isinstance(tree, dict) else [None]
        if not all(isinstance(row, dict) for row in rows):
            raise _form(file, "it is not an object of objects")
        self.seen[file] = tuple(rows[0]) if rows else ()
        for number, values in enumerate(rows, start=1):
            check_columns(file, list(values), columns)
            yield Row(f"row {number} of {file}", values)

    def json(self, file: str) -> Any:
        """A JSON file of any other form."""
        self.seen[file] = ()
        return parse_json(read_bytes(self.file(file)), file)

    def table(self, config: str | None, split: str, columns: Sequence[str]) -> Iterator[Row]:
        """The rows of one split of a hub data set that is stored as parquet, pictures undecoded.

        Raises:
            ConfigError: There is no such split, it is not parquet, or lacks a column.
        """
        import pyarrow as pa

        where, number = f"{config or 'default'}/{split}", 0
        for path in self._parquet(config, split):
            try:
                for values in self._stored(path, where, columns):
                    number += 1
                    yield Row(f"row {number} of {where}", values)
            except (pa.ArrowException, OSError) as error:
                raise _form(
                    f"{where} ({path.name})", f"it is not a whole parquet file ({quoted(error)})"
                ) from error

    def _stored(self, path: Path, where: str, columns: Sequence[str]) -> Iterator[Any]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            self.seen[where] = tuple(file.schema_arrow.names)
            check_columns(f"{where} ({path.name})", self.seen[where], columns)
            for batch in file.iter_batches(_BATCH, columns=list(columns)):
                yield from batch.to_pylist()

    def picture(self, file: str, archive: str | None = None) -> Open:
        """A picture file, opened when it is called; only then is it an error if it is missing.

        Args:
            file: Its path in the folder.
            archive: A zip or tar archive in the folder, for whoever has not unpacked it: the file
                is in it by the same path, or by the path within the folder of the archive's name.
        """
        return lambda: _opened(lambda: self._picture(file, archive), file)

    def _picture(self, file: str, archive: str | None) -> Picture:
        if archive is None or self.has(file) or not self.has(archive):
            return Picture.from_file(self.file(file), webp=True)
        packed = self._archives.setdefault(archive, Archive(self.file(archive)))
        path = PurePosixPath(file)
        within = PurePosixPath(*path.parts[1:])
        for name in (str(path), str(within)):
            if name in packed:
                return Picture.from_bytes(packed.read(name), webp=True)
        return Picture.from_file(self.file(file), webp=True)

    def has(self, file: str) -> bool:
        """Whether a file is there."""
        return (self.folder / file).is_file()

    def file(self, file: str) -> Path:
        """The path of a file that must be there, within the folder.

        Raises:
            ConfigError: It is missing, or leads out of the folder.
        """
        path = self.folder / file
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise _form(file, f"it leads out of {self.folder}")
        if not path.is_file():
            raise ConfigError(
                given=f"{file} in {self.folder}",
                why="there is no such file: the suite is not whole, or of another revision",
                fix="run sectow suites get again, which fetches what is missing",
            )
        return path

    def _parquet(self, config: str | None, split: str) -> list[Path]:
        """By the README's configurations; splits of others need not be here."""
        from datasets.data_files import get_data_patterns, resolve_pattern, sanitize_patterns
        from datasets.exceptions import DatasetsError
        from yaml import YAMLError

        where = f"{config or 'default'}/{split} in {self.folder}"
        try:
            files = self._data_files(config)
            patterns = sanitize_patterns(files) if files else get_data_patterns(str(self.folder))
            paths = [
                Path(path)
                for pattern in patterns.get(split, ())
                if "://" not in pattern
                for path in resolve_pattern(pattern, str(self.folder))
            ]
        except (OSError, ValueError, TypeError, KeyError, YAMLError, DatasetsError) as error:
            reason = (str(error).splitlines() or [""])[0]
            raise _form(where, f"it cannot be read ({type(error).__name__}: {reason})") from error
        inside = self.folder.resolve()
        if not paths or any(
            path.suffix != ".parquet" or not path.resolve().is_relative_to(inside) for path in paths
        ):
            raise _form(where, "there is no such split of parquet files")
        return paths

    def _data_files(self, config: str | None) -> Any:
        """What the README says of a configuration; None where it says nothing of any."""
        from huggingface_hub import metadata_load

        readme = self.folder / "README.md"
        card = metadata_load(readme) if readme.is_file() else None
        configs = {
            each["config_name"]: each["data_files"] for each in (card or {}).get("configs", ())
        }
        if config is None and len(configs) == 1:
            return next(iter(configs.values()))
        return configs[config or "default"] if configs else None


def _read(path: Path, file: str) -> Iterator[Any]:
    if path.suffix == ".csv":
        text = read_text(path).removeprefix("\ufeff")
        try:
            yield from csv.DictReader(io.StringIO(text, newline=""))
        except csv.Error as error:
            raise _form(file, f"it is not CSV ({error})") from error
    elif path.suffix == ".txt":
        # Not `splitlines`: a prompt may contain what that takes for the end of a line.
        yield from ({"line": line} for line in read_text(path).split("\n") if line.strip())
    elif path.suffix == ".jsonl":
        yield from (value for _, value in read_jsonl(path))
    else:
        tree = parse_json(read_bytes(path), file)
        if not isinstance(tree, list):
            raise _form(file, "it is not a list")
        yield from tree


def check_columns(file: str, present: Sequence[str], columns: Sequence[str]) -> None:
    """Raise ConfigError for columns that a table lacks."""
    missing = [name for name in columns if name not in present]
    if missing:
        raise ConfigError(
            given=f"{file}, with the columns {json.dumps(list(present))[:200]}",
            why=f"it lacks {', '.join(missing)}",
            fix="give the data set as it was published: sectow suites get fetches that revision",
        )


def _form(file: str, why: str) -> ConfigError:
    return ConfigError(
        given=file, why=why, fix="give the data set as it was published, or fetch it again"
    )


def _opened(open_picture: Open, where: str) -> Picture:
    try:
        return open_picture()
    except SectowError as error:
        raise ConfigError(given=f"the picture of {where}", why=error.why, fix=error.fix) from error
