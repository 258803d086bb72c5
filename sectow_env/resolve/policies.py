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
        ConfigError: Its settings cannot be read.
    """
    known = POLICIES.names()
    # A folder may have a question mark in its name.
    spec = Spec(given, {}) if Path(given).is_dir() else parse_spec(given)
    if spec.name in known:
        return spec
    # What begins like a registered name is a misspelling, not an id of the hub.
    ours = {name.partition("/")[0] for name in known}
    on_the_hub = _HUB_ID.fullmatch(spec.name) and spec.name.partition("/")[0] not in ours
    if Path(spec.name).is_dir() or on_the_hub:
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
