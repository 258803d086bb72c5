"""Reads a run's settings from YAML, with `key=value` changes, and explains their errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from sectow_agents.settings.foreign import check_foreign
from sectow_agents.settings.run_config import RunConfig
from sectow_agents.settings.strict_yaml import parse_yaml, read_yaml
from sectow_agents.settings.training import TrainingSettings, model_for
from sectow_env.errors import MAX_QUOTED, ConfigError, FileError, SectowError, did_you_mean

WITHOUT_EFFECT = ("run", "progress", "report_to", "checkpoint_every")
"""Settings that do not change what a run computes."""


def load_config(file: Path, overrides: Sequence[str] = (), *, follow: bool = True) -> RunConfig:
    """Read a configuration file.

    Args:
        file: YAML with the keys of `RunConfig`.
        overrides: Changes such as `attacker.training.steps=10`; a value is written as in YAML. A
            `world` replaces the pack of the file.
        follow: False refuses a symbolic link.

    Raises:
        ConfigError: The file cannot be read, or a key or a value cannot work; the nearest key is
            suggested.
    """
    try:
        tree = read_yaml(file, follow=follow)
    except FileError as error:
        raise ConfigError(
            given=f"the configuration {file}",
            why=error.why,
            fix="give a YAML file, such as those in configs/",
        ) from error
    if not isinstance(tree, dict):
        raise ConfigError(
            given=f"the configuration {file}",
            why=f"it contains {type(tree).__name__} instead of keys and values",
            fix="start from one of the files in configs/",
        )
    for override in overrides:
        _change(tree, override)
    # Whoever names a world on the command line does not want the pack of the file.
    if "world" in (keys := changed_keys(overrides)) and "scenarios" not in keys:
        tree["scenarios"] = None
    return build_config(tree, str(file))


def load_foreign(file: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read the configuration of a run folder, which may be somebody else's.

    Args:
        file: YAML with the keys of `RunConfig`; a symbolic link is refused.
        overrides: As in `load_config`; what they set is the user's own.

    Raises:
        ConfigError: As in `load_config`, or the file sets what may run code or reach a server.
    """
    config = load_config(file, overrides, follow=False)
    check_foreign(_flat(config.model_dump(mode="json")), changed_keys(overrides), file)
    return config


def changed_keys(overrides: Sequence[str]) -> set[str]:
    """The dotted keys that changes on the command line set."""
    return {override.partition("=")[0].strip() for override in overrides}


def build_config(tree: Mapping[str, Any], source: str = "the configuration") -> RunConfig:
    """Check a tree of settings.

    Raises:
        ConfigError: A key or a value cannot work.
    """
    try:
        return RunConfig.model_validate(dict(tree))
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            # Pydantic takes an error of ours for a wrong value, as it is a ValueError.
            if isinstance(cause := problem.get("ctx", {}).get("error"), SectowError):
                raise cause from error
        raise _explained(error, source, tree) from error


def dump_config(config: RunConfig) -> str:
    """The settings as YAML, defaults written out."""
    text: str = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return text


def config_hash(config: RunConfig) -> str:
    """Hex digest of all settings that change what a run computes."""
    tree = config.model_dump(mode="json", exclude=set(WITHOUT_EFFECT))
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def differences(old: RunConfig, new: RunConfig) -> list[str]:
    """Dotted keys, with both values, in which two configurations compute different things."""
    before, after = (_flat(config.model_dump(mode="json")) for config in (old, new))
    keys = [key for key in {**before, **after} if key.split(".")[0] not in WITHOUT_EFFECT]
    return [
        f"{key}: {before.get(key)!r} -> {after.get(key)!r}"
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _change(tree: dict[str, Any], override: str) -> None:
    path, equals, value = override.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(
            given=f"the change {override!r}",
            why="it is not of the form key=value",
            fix="write for example attacker.training.steps=10",
        )
    for depth, key in enumerate(keys[:-1], 1):
        inner = tree.setdefault(key, {})
        if inner is None:
            inner = tree[key] = {}
        if not isinstance(inner, dict):
            raise ConfigError(
                given=f"the change {override!r}",
                why=f"{'.'.join(keys[:depth])} is the value {inner!r} and has no keys of its own",
                fix="change that value itself, or another key",
            )
        tree = inner
    try:
        tree[keys[-1]] = parse_yaml(value, f"the change {override!r}")
    except FileError as error:
        raise ConfigError(error.given, error.why, "put the value into quotes") from error


def _explained(error: ValidationError, source: str, tree: Mapping[str, Any]) -> ConfigError:
    """The first problem, in our three parts; the others are counted."""
    problems = error.errors(include_url=False)
    # An unknown key is often the cause of a missing one, so it comes first.
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    places = [str(part) for part in first["loc"]]
    key = ".".join(places)
    more = f" ({len(problems) - 1} more problems)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _keys_at(places[:-1], tree)
        return ConfigError(
            given=f"the key {key} in {source}",
            why=f"there is no such key{more}",
            fix=f"{did_you_mean(places[-1], known)}known here: {', '.join(known)}",
        )
    if first["type"] == "missing":
        return ConfigError(
            given=source,
            why=f"the key {key} is missing{more}",
            fix=f"add it, or give {key}=VALUE",
        )
    value = "" if isinstance(first["input"], Mapping) else f" = {_shown(first['input'])}"
    return ConfigError(
        given=f"{key}{value} in {source}" if key else source,
        why=f"{first['msg'].removeprefix('Value error, ')}{more}",
        fix=f"change it, or give {key or 'KEY'}=VALUE",
    )


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= MAX_QUOTED else f"{shown[:MAX_QUOTED]}..."


def _keys_at(places: Sequence[str], tree: Mapping[str, Any]) -> list[str]:
    """The keys of the settings at a place, which may depend on what was given there."""
    model: type[BaseModel] = RunConfig
    given: Any = tree
    for place in places:
        field = model.model_fields.get(place)
        inner = _model_in(field.annotation) if field is not None else None
        if inner is None:
            return []
        given = given.get(place) if isinstance(given, Mapping) else None
        model = model_for(given) if inner is TrainingSettings else inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {Union, UnionType}:
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None
