"""Reads bytes, text and JSON strictly; `sectow_agents.settings.strict_yaml` does so for YAML.

What Python's readers accept in silence is an error here: a key that is set twice, numbers of
hundreds of digits, NaN and infinities, unpaired surrogates, nesting without end, files without end.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sectow_env.errors import FileError
from sectow_env.text import flaw_of

M = TypeVar("M", bound=BaseModel)
MAX_BYTES = 64 * 2**20
MAX_LINES_BYTES = 2**30
"""For files of one record per line, which grow with what was played."""
MAX_DEPTH = 50
MAX_DIGITS = 100
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_bytes(path: Path, limit: int = MAX_BYTES, *, follow: bool = True) -> bytes:
    """The contents of a regular file.

    Args:
        path: The file. A pipe or a device is refused, since it may have no end.
        limit: Most bytes.
        follow: False refuses a symbolic link, for files in folders of somebody else.

    Raises:
        FileError: It cannot be read, or is not a regular file, or is too large.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        # Not blocking, since to open a pipe waits for whoever writes into it.
        handle = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise _failed(path, "it is not a regular file", "give a file")
        with os.fdopen(handle, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise _failed(path, _reason(error), "check the path, or restore the file") from error
    if len(data) > limit:
        raise _failed(path, f"it has more than {limit // 2**20} MiB", "give a smaller file")
    return data


def read_text(path: Path, limit: int = MAX_BYTES, *, follow: bool = True) -> str:
    """The contents of a text file in UTF-8; arguments and errors as in `read_bytes`."""
    return _decoded(read_bytes(path, limit, follow=follow), str(path))


def read_json(path: Path, *, follow: bool = True) -> Any:
    """The contents of a JSON file; arguments and errors as in `read_bytes` and `parse_json`."""
    return parse_json(read_bytes(path, follow=follow), str(path))


def read_model(path: Path, model: type[M], *, follow: bool = True) -> M:
    """A record from a JSON file.

    Raises:
        FileError: As in `read_json`, or a field is missing, unknown or cannot be.
    """
    data = read_bytes(path, follow=follow)
    return parse_model(data, str(path), model)


def read_jsonl(path: Path, *, follow: bool = True) -> Iterator[tuple[int, Any]]:
    """Line numbers and values of a file of one JSON value per line, blank lines skipped.

    Raises:
        FileError: As in `read_bytes` and `parse_json`; names the line.
    """
    # Only line feeds end a line: a JSON string may contain the other separators of Unicode.
    lines = read_text(path, MAX_LINES_BYTES, follow=follow).removeprefix("\ufeff").split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, parse_json(line, f"{path}, line {number}")


def parse_json(text: str | bytes, name: str) -> Any:
    """The value of a JSON text.

    Args:
        text: In UTF-8.
        name: Where it is from, for the user.

    Raises:
        FileError: It is not JSON; a key is set twice; a number is not finite or has more than
            `MAX_DIGITS` digits; a text has an unpaired surrogate; or it is nested deeper than
            `MAX_DEPTH`.
    """
    whole = _decoded(text, name) if isinstance(text, bytes) else text
    try:
        tree = _DECODER.decode(whole)
        # A text that was decoded has surrogates only where escapes spell them.
        check_tree(tree, texts=bool(_SURROGATE.search(whole)))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise bad_content(name, f"it is not JSON ({error.msg}: {where})") from error
    except RecursionError as error:
        raise bad_content(name, TOO_DEEP) from error
    except Refused as error:
        raise bad_content(name, str(error)) from error
    return tree


def parse_model(text: str | bytes, name: str, model: type[M]) -> M:
    """A record from JSON.

    Raises:
        FileError: As in `parse_json`, or a field is missing, unknown or cannot be.
    """
    parse_json(text, name)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise bad_content(name, explained(error)) from error


def explained(error: ValidationError) -> str:
    """Pydantic's first problem in a line: the field and the reason, without input and address."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    return f"{place}: {reason}" if place else reason


class Refused(Exception):  # noqa: N818  (carries a reason, and leaves this module as an error)
    """Why a value is refused."""


TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels"


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(f"the key {twice[:80]!r} is set twice")
    return tree


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Refused(f"the number {digits[:12]}... has {len(digits)} digits")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > MAX_DIGITS:
        raise Refused(f"the number {digits[:12]}... has {len(digits)} digits")
    number = float(digits)
    return number if math.isfinite(number) else _constant(digits)


def _constant(spelling: str) -> Any:
    raise Refused(f"{spelling} is not a finite number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def check_tree(tree: Any, *, texts: bool = False, most: int | None = None) -> None:
    """Raises `Refused` where a tree is too deep or has too many values, or a text is not whole."""
    level, seen = [tree], 0
    for depth in count():
        if depth == MAX_DEPTH and any(isinstance(value, dict | list) for value in level):
            raise Refused(TOO_DEEP)
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
                below += value if texts else ()
            elif isinstance(value, list):
                below += value
            elif texts and isinstance(value, str) and (flaw := flaw_of(value)):
                raise Refused(f"a text has {flaw}")
        seen += len(below)
        if most is not None and seen > most:
            raise Refused(f"it has more than {most} values")
        if not below:
            return
        level = below


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            given=name,
            why=f"it is not text in UTF-8 (byte {error.start + 1}, in line {line})",
            fix="save it in UTF-8",
        ) from error


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file does not exist"
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "it is a symbolic link, which may lead anywhere"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"it cannot be read ({reason})"


def _failed(path: Path, why: str, fix: str) -> FileError:
    return FileError(given=f"the file {path}", why=why, fix=fix)


def bad_content(name: str, why: str) -> FileError:
    """The error for a file or a text whose contents cannot be."""
    return FileError(given=name, why=why, fix="correct it there, or restore the file from a copy")
