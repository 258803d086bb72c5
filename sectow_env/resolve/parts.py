"""From what a user writes to what plays: policies, judges and rewards by name or as objects."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar, cast, get_args

from sectow_env.errors import ConfigError, at_fault, named
from sectow_env.game import Attacker, Defender, Judge, RewardFunction, Seat
from sectow_env.game.renderer import Renderer
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.game.world import DefaultPolicies, World
from sectow_env.registry.entry_points import Registry, check_arguments, takes
from sectow_env.registry.spec import parse_spec
from sectow_env.resolve.worlds import load_world

T = TypeVar("T")

POLICIES: Registry[object] = Registry("sectow.policies")
JUDGES: Registry[Judge] = Registry("sectow.judges")
RENDERERS: Registry[Renderer] = Registry("sectow.renderers")
WORLD = "apothecary:0"
"""The world that is played when none is named."""
_VERB: Mapping[Seat, str] = {"attacker": "attack", "defender": "respond"}


def find_attacker(given: str | Attacker | None, world: World) -> Attacker:
    """The attacker that was named or given; None takes the world's own.

    Raises:
        UnknownNameError: No policy goes by this name.
        ConfigError: It is no attacker, or the world has none of its own.
    """
    return cast("Attacker", _policy(given, "attacker", world))


def find_defender(given: str | Defender | None, world: World) -> Defender:
    """The defender that was named or given; None takes the world's own.

    Raises:
        UnknownNameError: No policy goes by this name.
        ConfigError: It is no defender, or the world has none of its own.
    """
    return cast("Defender", _policy(given, "defender", world))


def find_judge(given: str | Judge | None, world: World) -> Judge:
    """The judge that was named or given; None takes the one that knows the world best.

    Raises:
        UnknownNameError: No judge goes by this name.
        ConfigError: It is none, or takes no such settings.
    """
    judge: object = given
    if given is None:
        with at_fault(named("world", world)):
            judge = world.judge()
    if isinstance(given, str):
        judge = _build(JUDGES, given, world=world)
    _check_part("judge", given, judge, "judge", ("id", "version"))
    return cast("Judge", judge)


def find_world(given: str | World | None) -> World:
    """The world that was named or given; None takes the shipped one.

    Raises:
        UnknownNameError: No world goes by this name.
        ConfigError: It is none.
    """
    world = load_world(WORLD if given is None else given, allow_import_path=True)
    _check_part("world", given, world, "scenarios", ("id", "rules"))
    return world


def find_renderer(given: str | Renderer) -> Renderer:
    """The renderer that was named or given.

    Raises:
        UnknownNameError: No renderer goes by this name.
        ConfigError: It is none, or takes no such settings.
    """
    renderer = _build(RENDERERS, given) if isinstance(given, str) else given
    _check_part("renderer", given, renderer, "draw", ("id", "version", "max_words", "legible"))
    return renderer


def find_reward(given: Mapping[str, float] | RewardFunction | None) -> RewardFunction:
    """The reward function that was given, or the default one with these weights.

    Raises:
        ConfigError: A weight has no such name, or it is no reward function.
    """
    if given is None:
        return TugOfWarReward()
    if not isinstance(given, Mapping):
        _check_part("reward", given, given, "price")
        return given
    for name, weight in given.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not math.isfinite(weight):
            raise ConfigError(
                given=f"the weight {name}={weight!r} of the reward",
                why="it is no finite number",
                fix="give a number, such as -1.0",
            )
    try:
        return TugOfWarReward(**given)
    except TypeError as error:
        raise ConfigError(
            given=f"reward={dict(given)!r}",
            why=str(error),
            fix="name some of the weights invalid, harm, over_refusal and rarity",
        ) from error


def check_choice(what: str, given: object, choices: object) -> None:
    """Raises ConfigError unless a setting is among the values of a Literal type."""
    known = get_args(choices)
    if given not in known:
        raise ConfigError(
            given=f"{what}={given!r}",
            why=f"there is no such {what}",
            fix=f"choose among {', '.join(map(repr, known))}",
        )


def _build(registry: Registry[T], given: str, **offered: object) -> T:
    """Builds a part with its settings; of what is offered it gets what it has a parameter for."""
    name, settings = parse_spec(given)
    # An environment is made from Python or from the user's own configuration, so paths are fine.
    factory = registry.get(name, allow_import_path=True)
    kwargs = {**{key: offered[key] for key in takes(factory, offered)}, **settings}
    check_arguments(factory, f"{registry.kind} {name!r}", kwargs)
    with at_fault(f"the {registry.kind} {name}"):
        return factory(**kwargs)


def _check_part(
    kind: str, given: object, part: object, method: str, attributes: Sequence[str] = ()
) -> None:
    """Raises ConfigError for what is no such part."""
    missing = [f"attribute {name}" for name in attributes if not hasattr(part, name)]
    if not callable(getattr(part, method, None)):
        missing.insert(0, f"method {method}")
    if missing:
        raise ConfigError(
            given=f"{kind}={given!r}",
            why=f"it has no {' and no '.join(missing)}",
            fix=f"give a {kind}, or its name",
        )


def _policy(given: object, seat: Seat, world: World) -> object:
    if given is None:
        given = _default_policy(seat, world)
    policy = given
    if isinstance(given, str):
        policy = _build(POLICIES, given, world=world)
    if not callable(getattr(policy, _VERB[seat], None)):
        raise ConfigError(
            given=f"{seat}={given!r}",
            why=f"it has no method {_VERB[seat]}, so it cannot sit in the {seat}'s seat",
            fix=f"give a policy with {_VERB[seat]}, or its name",
        )
    return policy


def _default_policy(seat: Seat, world: World) -> str:
    if isinstance(world, DefaultPolicies) and seat in world.default_policies:
        return world.default_policies[seat]
    raise ConfigError(
        given=f"{seat}=None in the world {world.id}",
        why=f"this world brings no {seat} of its own",
        fix=f"name a policy: {seat}=..., one of {', '.join(POLICIES.names()) or 'your own'}",
    )
