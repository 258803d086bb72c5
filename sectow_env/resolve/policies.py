"""From what a user writes to a policy: which factory is meant, and what a policy can be given.

A policy is named in one of four ways, the same everywhere:

    NAME?key=value            a registered policy, with settings of its factory
    FOLDER                    a model's weights: `transformers/SEAT?path=FOLDER`
    OWNER/MODEL               the same of a model on the Hugging Face hub
    package.module:attribute  a factory of the user's own

Settings may follow a folder, a hub id and an import path too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from sectow_env.errors import ConfigError, named, unknown
from sectow_env.game.contracts import TakesDecoding, TakesSystem
from sectow_env.game.decoding import Decoding
from sectow_env.game.records import Seat
from sectow_env.registry.entry_points import Registry
from sectow_env.registry.spec import SEPARATOR, Spec, parse_spec

P = TypeVar("P")

POLICIES: Registry[object] = Registry("sectow.policies")
DECODING = tuple(field.name for field in fields(Decoding))
"""Settings of a policy that say how it draws."""
CONFIGS = ("config.json", "adapter_config.json")
"""One of them is in every folder of weights."""
_PATH_STARTS = ("/", "./", "../", "~")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Weights:
    """What a policy can be trained from."""

    source: str | Path
    """A folder or a hub id."""


def policy_spec(given: str, seat: Seat) -> Spec:
    """The factory and the settings that are meant.

    Raises:
        UnknownNameError: It is not a registered policy, a folder, a hub id or an import path.
        ConfigError: Its settings cannot be read, or it is a path that leads to no weights.
    """
    known = POLICIES.names()
    # A folder may have a question mark in its name.
    spec = Spec(given, {}) if _is_folder(given) else parse_spec(given)
    if spec.name in known:
        return spec
    # What begins like a registered name is a misspelling, not an id of the hub.
    ours = {name.partition("/")[0] for name in known}
    on_the_hub = _HUB_ID.fullmatch(spec.name) and spec.name.partition("/")[0] not in ours
    check_weights_path(spec.name)
    if _is_folder(spec.name) or on_the_hub:
        if "path" in spec.settings:
            raise ConfigError(
                given=repr(given),
                why="it names the weights twice: before the question mark, and as path",
                fix="leave path out",
            )
        return Spec(f"transformers/{seat}", {"path": spec.name, **spec.settings})
    if ":" in spec.name:
        return spec
    raise unknown("policy", spec.name, known)


def _is_folder(given: str) -> bool:
    # The empty path would be the current folder.
    return bool(given) and Path(given).is_dir()


def check_weights_path(given: str) -> None:
    """What looks like a path must lead to a folder of weights; a bare name or a hub id passes.

    Raises:
        ConfigError: It does not exist, is a file, or has no model in it.
    """
    path = Path(given)
    if path.is_dir() and given:
        if not any((path / name).exists() for name in CONFIGS):
            inside = sorted({file.parent for name in CONFIGS for file in _below(path, name)})
            raise ConfigError(
                given=f"the folder {given!r}",
                why=f"it has no model in it: neither {' nor '.join(CONFIGS)}",
                fix=f"name a folder in it, such as {inside[-1]}"
                if inside
                else "give a folder written by save_pretrained, or a checkpoint of a run "
                "(RUN/rounds/NUMBER/SEAT)",
            )
    elif path.is_file():
        raise ConfigError(
            given=f"the path {given!r}",
            why="it is a file, and a model is a folder",
            fix=f"give the folder that it is in: {path.parent}",
        )
    elif given.startswith(_PATH_STARTS):
        raise ConfigError(
            given=f"the path {given!r}",
            why="there is no such folder",
            fix="write out the home folder, which only a shell knows as ~"
            if given.startswith("~")
            else f"check the path: {_deepest(path)} exists",
        )


def _below(folder: Path, name: str) -> Iterator[Path]:
    # Where runs have their checkpoints, so that no home folder is searched.
    for depth in ("*/", "rounds/*/*/", "*/rounds/*/*/"):
        yield from folder.glob(depth + name)


def _deepest(path: Path) -> Path:
    return next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))


def is_registered(given: str) -> bool:
    """Whether it is the name of a registered policy, with or without settings."""
    return given.partition(SEPARATOR)[0] in POLICIES.names()


def weights_of(policy: object) -> Weights | None:
    """What a policy can be trained from; None for one without weights."""
    source = getattr(policy, "source", None)
    if source is None:
        return None
    return Weights(source if isinstance(source, str) else Path(source))


def with_decoding(policy: P, decoding: Decoding | None) -> P:
    """The policy with another decoding; as it is where that is its own affair."""
    if decoding is None or not isinstance(policy, TakesDecoding):
        return policy
    return policy.decoded(decoding)


def pinned(given: str, seat: Seat, decoding: Decoding) -> Decoding:
    """A decoding with what the user's own words say about it."""
    settings: dict[str, Any] = policy_spec(given, seat).settings
    return replace(decoding, **{key: settings[key] for key in DECODING if key in settings})


def with_system(policy: P, system: str | None) -> P:
    """The policy with a system prompt; None leaves it as it is.

    Raises:
        ConfigError: It cannot take one.
    """
    if system is None:
        return policy
    if isinstance(policy, TakesSystem):
        return policy.prompted(system)
    raise ConfigError(
        given=f"the system prompt {system!r} for {named('policy', policy)}",
        why="this policy cannot take a system prompt",
        fix="leave the prompt out, or name a model: a folder, a hub id, or a policy such as "
        "endpoint/defender",
    )


def two_system_prompts(given: str) -> ConfigError:
    """The error for a spec with a system prompt where another one is given beside it."""
    return ConfigError(
        given=f"a system prompt for {given!r}",
        why="its settings have a system prompt already",
        fix="give one of the two",
    )


def short_name(given: object) -> str:
    """The last two parts of a path: `2/defender` says more than `defender`."""
    if not isinstance(given, str | Path):
        return type(given).__name__
    return "/".join(Path(given).parts[-2:]) if Path(given).is_dir() else str(given)
