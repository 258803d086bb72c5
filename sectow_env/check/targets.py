"""Turns what a user writes (id, name, path, import path, object) into what is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import EntryPoint
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import gymnasium

from sectow_env.check.attackers import attacker_subject
from sectow_env.check.channels import ChannelSubject
from sectow_env.check.defenders import defender_subject
from sectow_env.check.environments import environment_subject, is_environment_id
from sectow_env.check.fault import Fault, blamed
from sectow_env.check.judges import judge_subject
from sectow_env.check.pack_channels import PackChannelSubject
from sectow_env.check.part import PartSubject
from sectow_env.check.renderers import renderer_subject
from sectow_env.check.result import Kind
from sectow_env.check.worlds import WorldSubject
from sectow_env.errors import ConfigError, SectowError, UnknownNameError, unknown
from sectow_env.game import SEATS
from sectow_env.game.world import World
from sectow_env.registry.entry_points import Registry, check_arguments, load, takes
from sectow_env.registry.spec import parse_spec
from sectow_env.resolve.policies import POLICIES, policy_spec
from sectow_env.resolve.worlds import GROUP as WORLDS
from sectow_env.resolve.worlds import is_pack, load_world

DEFAULT_WORLD = "apothecary:0"
GROUP_OF: Mapping[Kind, str] = {
    "world": WORLDS,
    "judge": "sectow.judges",
    "attacker": POLICIES.group,
    "defender": POLICIES.group,
    "channel": "sectow.channels",
    "pack_channel": "sectow.channels",
    "renderer": "sectow.renderers",
}
"""Where parts of each kind are registered."""
# The attributes that identify a kind; a world also has judge and attack, so it comes first.
ATTRIBUTES_OF: Mapping[Kind, tuple[str, ...]] = {
    "world": ("scenarios", "grid", "attack", "judge"),
    "channel": ("frames", "render"),
    "pack_channel": ("slots", "render", "script"),
    "renderer": ("draw", "max_words"),
    "judge": ("judge",),
    "attacker": ("attack",),
    "defender": ("respond",),
}
NOTHING: Mapping[str, object] = MappingProxyType({})
_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", re.ASCII)
_SEEDED = re.compile(r"(?P<name>[^:]+):[0-9]+")


class Target(NamedTuple):
    """Something to check."""

    kind: Kind
    name: str
    build: Callable[[], Any]
    """Makes the subject; may raise a `Fault`, or a `Skip` if the world has no inputs for it."""


Options: TypeAlias = Mapping[str, Any]


class _Setting(NamedTuple):
    """The world, seed and options of all checks."""

    world: str | World
    seed: int
    options: Options

    def built(self) -> World:
        return load_world(self.world, allow_import_path=True)


def find(
    target: object, world: str | World, kind: Kind | None, seed: int, options: Options
) -> list[Target]:
    """Everything to check about a target.

    Raises:
        UnknownNameError: The name is not known.
        ConfigError: The target cannot be built, or is not of a kind that can be checked.
    """
    setting = _Setting(world, seed, options)
    matches = list(
        _by_name(target, setting, kind) if isinstance(target, str) else _of(target, "", setting)
    )
    selected = [match for match in matches if kind in (None, match.kind)]
    if selected:
        return selected
    shown = target if isinstance(target, str) else f"an object of {type(target).__name__}"
    if matches:
        raise ConfigError(
            given=f"{shown!r} as {kind}",
            why=f"it is {' and '.join(f'a {match.kind}' for match in matches)}",
            fix="leave the kind out, or name something else",
        )
    raise ConfigError(
        given=f"{shown!r}",
        why="it is not an environment, world, judge, policy, channel or renderer",
        fix="see docs/extending.md for the methods that each of these has",
    )


def _by_name(text: str, setting: _Setting, kind: Kind | None) -> Iterator[Target]:
    if is_environment_id(text):
        yield Target("environment", text, partial(_environment, text, text, setting))
        return
    if is_pack(text) or _is_world(text):
        yield _world(text, partial(load_world, text), setting.seed)
        return
    name, settings = parse_spec(text)
    groups = [
        group for group in dict.fromkeys(GROUP_OF.values()) if name in Registry(group).names()
    ]
    for group in groups:
        factory: Callable[..., object] = Registry[object](group).get(name)
        build = partial(_built, factory, text, settings, setting)
        yield from _of(build(), text, setting, build=build)
    if groups:
        return
    if not _PATH.fullmatch(name):
        yield from _model(text, setting, kind)
        return
    part = load(EntryPoint(name=name, value=name, group=""), f"target {name!r}")
    yield from _of(part, text, setting, settings)


def _model(text: str, setting: _Setting, kind: Kind | None) -> Iterator[Target]:
    """A folder of weights or a hub id, in both seats or in the one that is checked."""
    for seat in SEATS:
        if kind not in (None, seat):
            continue
        try:
            name, settings = policy_spec(text, seat)
        except UnknownNameError as error:
            known = {part for group in GROUP_OF.values() for part in Registry(group).names()}
            ours = {name for name in gymnasium.registry if name.startswith("SecTOW")}
            raise unknown("target", text, known | ours) from error
        yield from _of(_built(POLICIES.get(name), text, settings, setting), text, setting)


def _of(
    part: object,
    name: str,
    setting: _Setting,
    settings: Mapping[str, object] = NOTHING,
    build: Callable[[], object] | None = None,
) -> Iterator[Target]:
    """The targets in an object, which may have been built, or in a class or a factory."""
    name = name or getattr(part, "__name__", type(part).__name__)
    if isinstance(part, type) and issubclass(part, gymnasium.Env):
        with_settings = setting._replace(options={**settings, **setting.options})
        yield Target("environment", name, partial(_environment, part, name, with_settings))
        return
    kinds = kinds_of(part)
    if isinstance(part, type) or (not kinds and callable(part)):
        build = partial(_built, part, name, settings, setting)
        part = build()
        kinds = kinds_of(part)
        if "world" in kinds:
            yield _world(name, build, setting.seed)
            return
    for kind in kinds:
        yield Target(kind, name, partial(_subject, kind, name, part, setting, build))


def kinds_of(part: object) -> list[Kind]:
    """The kinds of a part by its methods: one, or both seats for a policy that has both."""
    kinds: list[Kind] = [
        kind for kind, names in ATTRIBUTES_OF.items() if all(hasattr(part, name) for name in names)
    ]
    for whole in ("world", "channel", "pack_channel"):
        if whole in kinds:
            return [kind for kind in kinds if kind == whole]
    return kinds


_SUBJECT_OF: Mapping[Kind, Callable[[str, Any, World, int], PartSubject]] = {
    "judge": judge_subject,
    "attacker": attacker_subject,
    "defender": defender_subject,
    "renderer": renderer_subject,
}


def _subject(
    kind: Kind, name: str, part: Any, setting: _Setting, build: Callable[[], object] | None
) -> Any:
    if kind == "world":
        return WorldSubject(f"the world {name}", part, None, setting.seed)
    world = setting.built()
    if kind == "channel":
        return ChannelSubject(f"the channel {name}", part, world, setting.seed)
    if kind == "pack_channel":
        return PackChannelSubject(f"the channel {name}", part, name, world, setting.seed)
    return replace(_SUBJECT_OF[kind](name, part, world, setting.seed), build=build)


def _world(name: str, build: Callable[[], Any], seed: int) -> Target:
    who = f"the world {name}"
    return Target("world", name, lambda: WorldSubject(who, build(), build, seed))


def _environment(env: object, name: str, setting: _Setting) -> Any:
    options = {"world": setting.world, **setting.options}
    return environment_subject(env, name, options, setting.seed)


def _built(
    factory: Callable[..., Any], name: str, settings: Mapping[str, object], setting: _Setting
) -> Any:
    """Call a factory with its settings, and with the world if it has that parameter."""
    with_world = bool(takes(factory, ["world"])) and "world" not in settings
    arguments = {**({"world": setting.built()} if with_world else {}), **settings}
    check_arguments(factory, f"the target {name!r}", arguments)
    try:
        with blamed(f"the factory of {name}"):
            return factory(**arguments)
    except Fault as fault:
        cause = fault.__cause__
        why, fix = str(fault), "fix it"
        if isinstance(cause, SectowError):
            why, fix = cause.why, cause.fix
        if with_world:
            fix = f"{fix}; another world is given with --world (world=... in Python)"
        raise ConfigError(given=f"the target {name!r}", why=why, fix=fix) from fault


def _is_world(name: str) -> bool:
    seeded = _SEEDED.fullmatch(name)
    return (seeded["name"] if seeded else name) in Registry(WORLDS).names()
