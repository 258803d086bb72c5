"""From what a user writes to what is checked: ids, names, paths, import paths and objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import gymnasium

from sectow_env.check.attackers import attacker_subject
from sectow_env.check.channels import ChannelSubject
from sectow_env.check.defenders import defender_subject
from sectow_env.check.environments import environment_subject, is_environment_id
from sectow_env.check.fault import Fault, blamed
from sectow_env.check.judges import judge_subject
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
from sectow_env.resolve.worlds import PACK_SUFFIX, load_world

DEFAULT_WORLD = "apothecary:0"
GROUP_OF: Mapping[Kind, str] = {
    "world": WORLDS,
    "judge": "sectow.judges",
    "attacker": POLICIES.group,
    "defender": POLICIES.group,
    "channel": "sectow.channels",
    "renderer": "sectow.renderers",
}
"""Where parts of each kind are registered."""
# What makes a thing of a kind; a world also judges and attacks, so it stands first.
MARKS: Mapping[Kind, tuple[str, ...]] = {
    "world": ("scenarios", "grid", "attack", "judge"),
    "channel": ("frames", "render"),
    "renderer": ("draw", "max_words"),
    "judge": ("judge",),
    "attacker": ("attack",),
    "defender": ("respond",),
}
NOTHING: Mapping[str, object] = MappingProxyType({})
_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", re.ASCII)
_SEEDED = re.compile(r"(?P<name>[^:]+):[0-9]+")


class Found(NamedTuple):
    """Something to check."""

    kind: Kind
    name: str
    build: Callable[[], Any]
    """Makes the subject; may raise a `Fault`, or a `Skip` where the world offers nothing to ask."""


Options: TypeAlias = Mapping[str, Any]


class _Place(NamedTuple):
    """Where and how everything is checked."""

    world: str | World
    seed: int
    options: Options

    def built(self) -> World:
        return load_world(self.world, allow_import_path=True)


def find(
    target: object, world: str | World, kind: Kind | None, seed: int, options: Options
) -> list[Found]:
    """Everything that a target stands for.

    Args:
        target: See `suite.check`.
        world: Where it is checked.
        kind: Keep to this.
        seed: Seed of all draws.
        options: Further options of an environment.

    Raises:
        UnknownNameError: Nothing goes by this name.
        ConfigError: The target cannot be built, or is nothing that can be checked.
    """
    place = _Place(world, seed, options)
    found = list(
        _by_name(target, place, kind) if isinstance(target, str) else _of(target, "", place)
    )
    kept = [one for one in found if kind in (None, one.kind)]
    if kept:
        return kept
    told = target if isinstance(target, str) else f"an object of {type(target).__name__}"
    if found:
        raise ConfigError(
            given=f"{told!r} as {kind}",
            why=f"it is {' and '.join(f'a {one.kind}' for one in found)}",
            fix="leave the kind out, or name something else",
        )
    raise ConfigError(
        given=f"{told!r}",
        why="it is no environment, world, judge, policy, channel or renderer",
        fix="see docs/extending.md for the methods that each of these has",
    )


def _by_name(told: str, place: _Place, kind: Kind | None) -> Iterator[Found]:
    if is_environment_id(told):
        yield Found("environment", told, partial(_environment, told, told, place))
        return
    if told.endswith(PACK_SUFFIX) or Path(told).is_file() or _is_world(told):
        yield _world(told, partial(load_world, told), place.seed)
        return
    name, settings = parse_spec(told)
    groups = [one for one in dict.fromkeys(GROUP_OF.values()) if name in Registry(one).names()]
    for group in groups:
        factory: Callable[..., object] = Registry[object](group).get(name)
        yield from _of(_built(factory, told, settings, place), told, place)
    if groups:
        return
    if not _PATH.fullmatch(name):
        yield from _model(told, place, kind)
        return
    part = load(EntryPoint(name=name, value=name, group=""), f"target {name!r}")
    yield from _of(part, told, place, settings)


def _model(told: str, place: _Place, kind: Kind | None) -> Iterator[Found]:
    """A folder of weights or a hub id, in both seats or in the one that is checked."""
    for seat in SEATS:
        if kind not in (None, seat):
            continue
        try:
            name, settings = policy_spec(told, seat)
        except UnknownNameError as error:
            known = {one for group in GROUP_OF.values() for one in Registry(group).names()}
            raise unknown("target", told, {*known, *_our_environments()}) from error
        yield from _of(_built(POLICIES.get(name), told, settings, place), told, place)


def _of(
    part: object, name: str, place: _Place, settings: Mapping[str, object] = NOTHING
) -> Iterator[Found]:
    """What an object, a class or a factory is."""
    name = name or getattr(part, "__name__", type(part).__name__)
    if isinstance(part, type) and issubclass(part, gymnasium.Env):
        with_settings = place._replace(options={**settings, **place.options})
        yield Found("environment", name, partial(_environment, part, name, with_settings))
        return
    kinds = kinds_of(part)
    if isinstance(part, type) or (not kinds and callable(part)):
        again = partial(_built, part, name, settings, place)
        part = again()
        kinds = kinds_of(part)
        if "world" in kinds:
            yield _world(name, again, place.seed)
            return
    for kind in kinds:
        yield Found(kind, name, partial(_subject, kind, name, part, place))


def kinds_of(part: object) -> list[Kind]:
    """What a part is by its methods: one kind, or both seats for a policy that has both."""
    found: list[Kind] = [
        kind for kind, marks in MARKS.items() if all(hasattr(part, mark) for mark in marks)
    ]
    for whole in ("world", "channel"):
        if whole in found:
            return [kind for kind in found if kind == whole]
    return found


def _subject(kind: Kind, name: str, part: Any, place: _Place) -> Any:
    if kind == "world":
        return WorldSubject(f"the world {name}", part, None, place.seed)
    world = place.built()
    if kind == "judge":
        return judge_subject(name, part, world, place.seed)
    if kind == "attacker":
        return attacker_subject(name, part, world, place.seed)
    if kind == "defender":
        return defender_subject(name, part, world, place.seed)
    if kind == "renderer":
        return renderer_subject(name, part, world, place.seed)
    return ChannelSubject(f"the channel {name}", part, world, place.seed)


def _world(name: str, build: Callable[[], Any], seed: int) -> Found:
    who = f"the world {name}"
    return Found("world", name, lambda: WorldSubject(who, build(), build, seed))


def _environment(env: object, name: str, place: _Place) -> Any:
    options = {"world": place.world, **place.options}
    return environment_subject(env, name, options, place.seed)


def _built(
    factory: Callable[..., Any], name: str, settings: Mapping[str, object], place: _Place
) -> Any:
    """What a factory makes of its settings; it gets the world where it has a parameter for it."""
    with_world = bool(takes(factory, ["world"])) and "world" not in settings
    arguments = {**({"world": place.built()} if with_world else {}), **settings}
    check_arguments(factory, f"the target {name!r}", arguments)
    try:
        with blamed(f"the factory of {name}"):
            return factory(**arguments)
    except Fault as fault:
        cause = fault.__cause__
        why, fix = str(fault), "mend it"
        if isinstance(cause, SectowError):
            why, fix = cause.why, cause.fix
        if with_world:
            fix = f"{fix}; another world is given with --world (world=... in Python)"
        raise ConfigError(given=f"the target {name!r}", why=why, fix=fix) from fault


def _is_world(name: str) -> bool:
    seeded = _SEEDED.fullmatch(name)
    return (seeded["name"] if seeded else name) in Registry(WORLDS).names()


def _our_environments() -> list[str]:
    return [name for name in gymnasium.registry if name.startswith("SecTOW")]
