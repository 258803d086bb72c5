"""Settings of judges: read from text where they come from a command line, and fingerprinted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from sectow_env.errors import ConfigError

T = TypeVar("T")
_EXPECTED: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: 'a text, in "" where it looks like a number',
}


def setting(kind: type[T], name: str, given: object) -> T:
    """A setting as the type that it should have; `"true"` and `"0.5"` are fine.

    Raises:
        ConfigError: It cannot be read as that type.
    """
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        raise ConfigError(
            given=f"{name}={given!r}",
            why=f"it cannot be read ({error.errors()[0]['msg'].lower()})",
            fix=f"give {_EXPECTED[kind]}",
        ) from error


def share(name: str, given: object) -> float:
    """A number from 0 to 1.

    Raises:
        ConfigError: It is not.
    """
    number = setting(float, name, given)
    if not 0.0 <= number <= 1.0:
        raise ConfigError(
            given=f"{name}={given!r}", why="it is a share", fix="give a number from 0 to 1"
        )
    return number


def fingerprint(*settings: object) -> str:
    """8 hexadecimal digits of JSON-able settings, so that no two of them look alike."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
