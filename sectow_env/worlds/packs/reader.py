"""Reads scenario packs, JSONL files or tables of rows, with errors that name the line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image
from pydantic import ValidationError

from sectow_env.errors import FileError, PackError, SectowError
from sectow_env.game import Scenario
from sectow_env.game.picture import Picture
from sectow_env.reading import read_jsonl as read_jsonl_file
from sectow_env.text import flaw_of

REQUIRED = ("id", "behavior", "harmful")
COLUMNS = tuple(Scenario.model_fields)
_TEXTS = frozenset(
    {"id", "behavior", "category", "split", "query", "reference", "channel", "cluster"}
)
_DEFAULTED = frozenset({"category", "split", "meta"})


def read_jsonl(path: Path) -> list[Scenario]:
    """Read a pack file: one scenario per line, blank lines skipped.

    Images are paths of PNG or JPEG files, relative to the pack's folder and inside it.

    Raises:
        PackError: The file is missing, empty, not UTF-8, or a line is invalid.
    """
    return check_rows(_rows_of(path), str(path), path.parent)


def check_rows(
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    source: str,
    folder: Path | None,
    unit: str = "line",
) -> list[Scenario]:
    """Turn numbered rows into scenarios.

    Args:
        rows: Line or row number, and the row.
        source: Name of their source, for the user.
        folder: Base folder of image paths; None refuses paths.
        unit: What the numbers count.

    Raises:
        PackError: There are no rows, or one is invalid.
    """
    scenarios: dict[str, Scenario] = {}
    lines: dict[str, int] = {}
    for number, row in rows:
        where = f"{source}, {unit} {number}"
        scenario = _scenario(row, where, folder)
        if scenario.id in scenarios:
            raise PackError(
                given=f"{where}: id {scenario.id!r}",
                why=f"{unit} {lines[scenario.id]} has the same id",
                fix="give each scenario a unique id",
            )
        scenarios[scenario.id] = scenario
        lines[scenario.id] = number
    if not scenarios:
        raise PackError(
            given=source,
            why="it contains no scenarios",
            fix=f"give one scenario per {unit}, with at least {', '.join(REQUIRED)}",
        )
    return list(scenarios.values())


def _rows_of(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        for number, row in read_jsonl_file(path):
            if not isinstance(row, dict):
                raise PackError(
                    given=f"{path}, line {number}",
                    why=f"it is a JSON {type(row).__name__}, not an object",
                    fix="write one JSON object per line",
                )
            yield number, row
    except FileError as error:
        raise PackError(
            error.given, error.why, "give a JSONL file in UTF-8, one scenario per line"
        ) from error


def _scenario(row: Mapping[str, Any], where: str, folder: Path | None) -> Scenario:
    _check_columns(row, where)
    # Tables write "not given" as None, also where the scenario has a default.
    given = {key: value for key, value in row.items() if value is not None or key not in _DEFAULTED}
    for key in sorted(_TEXTS & set(given)):
        if given[key] is not None:
            _check_text(where, key, given[key])
    if not isinstance(given["harmful"], bool):
        raise _wrong_type(where, "harmful", given["harmful"], "true or false")
    if "meta" in given:
        given["meta"] = _meta(given["meta"], where)
    if given.get("image") is not None:
        given["image"] = _picture(given["image"], where, folder)
    try:
        return Scenario(**given)
    except ValidationError as error:
        first = error.errors()[0]
        column = ".".join(str(part) for part in first["loc"])
        raise PackError(
            given=f"{where}: {column}={first['input']!r}",
            why=str(first["msg"]),
            fix="fix this value, or leave the column out",
        ) from error


def _check_columns(row: Mapping[str, Any], where: str) -> None:
    missing = [key for key in REQUIRED if row.get(key) is None]
    if missing:
        raise PackError(
            given=f"{where}, with the columns {', '.join(row) or 'none'}",
            why=f"the column {', '.join(missing)} is missing",
            fix=f"give every scenario at least {', '.join(REQUIRED)}",
        )
    unknown = [key for key in row if key not in COLUMNS]
    if unknown:
        raise PackError(
            given=f"{where}: column {', '.join(map(repr, unknown))}",
            why="a scenario has no column of that name",
            fix=f"rename it to one of {', '.join(COLUMNS)}, or move it into meta",
        )
    if not row["id"] or not row["behavior"]:
        raise PackError(
            given=f"{where}: id={row['id']!r}, behavior={row['behavior']!r}",
            why="id and behavior must not be empty",
            fix="fill them in",
        )


def _meta(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _wrong_type(where, "meta", value, "an object of texts")
    # Tables give every row the union of all keys, with None for its missing ones.
    kept = {key: text for key, text in value.items() if text is not None}
    for key, text in kept.items():
        _check_text(where, f"meta.{key}", text)
    return kept


def _picture(value: object, where: str, folder: Path | None) -> Picture:
    try:
        if isinstance(value, Picture):
            return value
        if isinstance(value, Image.Image):
            return Picture.from_pil(value)
        if isinstance(value, Mapping) and isinstance(value.get("bytes"), bytes):
            return Picture.from_bytes(value["bytes"])
        if isinstance(value, str) and folder is not None:
            return Picture.from_file(_inside(value, where, folder))
    except PackError:
        raise
    except (SectowError, OSError) as error:
        raise PackError(
            given=f"{where}: image" + (f"={value!r}" if isinstance(value, str) else ""),
            why=f"it cannot be used: {error.why if isinstance(error, SectowError) else error}",
            fix="give a whole PNG or JPEG file with one picture in it",
        ) from error
    expected = "the path of a PNG or JPEG file" if folder else "a picture, as bytes or from PIL"
    raise _wrong_type(where, "image", value, expected)


def _inside(value: str, where: str, folder: Path) -> Path:
    """The image file, which must be a plain file inside the pack's folder."""
    relative = PurePosixPath(value)
    if relative.is_absolute() or ".." in relative.parts or "\\" in value or not relative.parts:
        raise PackError(
            given=f"{where}: image={value!r}",
            why="the path leads out of the pack's folder",
            fix="put the image beside the pack and give its relative path, with slashes",
        )
    path = folder
    for part in relative.parts:
        path /= part
        if path.is_symlink():
            raise PackError(
                given=f"{where}: image={value!r}",
                why=f"{part!r} is a symbolic link, which may lead anywhere",
                fix="copy the image into the pack's folder",
            )
    if not path.exists():
        raise PackError(
            given=f"{where}: image={value!r}",
            why=f"{path} does not exist",
            fix="add the image, or leave the column out",
        )
    return path


def _check_text(where: str, column: str, value: object) -> None:
    if not isinstance(value, str):
        raise _wrong_type(where, column, value, "a text")
    flaw = flaw_of(value)
    if flaw:
        raise PackError(
            given=f"{where}: {column}={value!r}",
            why=f"it contains {flaw}, which is not valid Unicode",
            fix="write the whole character",
        )


def _wrong_type(where: str, column: str, value: object, expected: str) -> PackError:
    return PackError(
        given=f"{where}: {column}={value!r}",
        why=f"it is {type(value).__name__}, not {expected}",
        fix=f"give {expected}",
    )
