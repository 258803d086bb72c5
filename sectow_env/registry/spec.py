"""A part with its settings as text: `sectow/retrieval?folder=pictures&limit=3`.

The form survives a command line, a YAML file and the JSON of an `EnvSpec`. A value is read as JSON
if it is valid JSON (numbers, true, null, a quoted text) and as text otherwise. `%26` is an
ampersand; a plus is a plus, as in a path.
"""

from __future__ import annotations

import json
from typing import NamedTuple
from urllib.parse import parse_qsl

from sectow_env.errors import ConfigError, FileError
from sectow_env.reading import parse_json
from sectow_env.registry.secrets import check_no_secrets

SEPARATOR = "?"


class Spec(NamedTuple):
    """A name, and keyword arguments of its factory."""

    name: str
    settings: dict[str, object]


def parse_spec(text: str) -> Spec:
    """Read a name with or without settings.

    Raises:
        ConfigError: The settings are not of the form `key=value&key=value`, or name a key twice.
    """
    name, mark, tail = text.partition(SEPARATOR)
    if not mark:
        return Spec(name, {})
    try:
        # In a web address a plus would be a space; here it is part of a path or a name.
        pairs = parse_qsl(
            tail.replace("+", "%2B"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError as error:
        raise _bad(text, f"its settings cannot be read ({error})") from error
    settings: dict[str, object] = {}
    check_no_secrets(dict(pairs))
    for key, value in pairs:
        if not key.isidentifier():
            raise _bad(text, f"{key!r} is not a valid name of a setting")
        if key in settings:
            raise _bad(text, f"it sets {key} twice")
        settings[key] = _value(text, value)
    return Spec(name, settings)


def _value(spec: str, text: str) -> object:
    try:
        value: object = parse_json(text, spec)
    except FileError as error:
        if isinstance(error.__cause__, json.JSONDecodeError):
            return text
        raise _bad(spec, f"{error.why}; a text goes into quotes") from error
    return value


def _bad(text: str, why: str) -> ConfigError:
    return ConfigError(
        given=repr(text),
        why=why,
        fix="write NAME?key=value&key=value, with %26 for an ampersand in a value",
    )
