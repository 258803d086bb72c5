"""From what a user writes to what plays: policies, judges and rewards by name or as objects."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import TypeVar, cast, get_args

from sectow_env.errors import ConfigError, at_fault, named
from sectow_env.game import Attacker, Defender, Judge, RewardFunction, Seat
from sectow_env.game.decoding import Decoding
from sectow_env.game.renderer import Renderer
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.game.world import CompletesJudges, DefaultPolicies, World
from sectow_env.registry.entry_points import Registry, check_arguments, takes
from sectow_env.registry.spec import Spec, parse_spec
from sectow_env.resolve.policies import (
    DECODING,
    POLICIES,
    policy_spec,
    two_system_prompts,
    with_decoding,
    with_system,
)
from sectow_env.resolve.worlds import load_world

T = TypeVar("T")

JUDGES: Registry[Judge] = Registry("sectow.judges")
RENDERERS: Registry[Renderer] = Registry("sectow.renderers")
WORLD = "apothecary:0"
"""The world that is played when none is named."""
_VERB: Mapping[Seat, str] = {"attacker": "attack", "defender": "respond"}


def find_attacker(
    given: str | Path | Attacker | None,
    world: World,
    decoding: Decoding | None = None,
    system: str | None = None,
) -> Attacker:
    """The attacker that was named or given.

    Args:
        given: `NAME?key=value` of a registered policy, a folder of weights, a hub id, an import
            path, or an attacker; None takes the world's own.
        world: Where it plays.
        decoding: How it draws, where it has a say in that; settings of a spec go first.
        system: Its system prompt, or None.

    Raises:
        UnknownNameError: No policy goes by this name.
        ConfigError: It is not an attacker, cannot take a system prompt, or the world has no
            attacker of its own.
    """
    return cast("Attacker", _policy(given, "attacker", world, decoding, system))


def find_defender(
    given: str | Path | Defender | None,
    world: World,
    decoding: Decoding | None = None,
    system: str | None = None,
) -> Defender:
    """The defender that was named or given; the arguments are those of `find_attacker`.

    Raises:
        UnknownNameError: No policy goes by this name.
        ConfigError: It is not a defender, cannot take a system prompt, or the world has no
            defender of its own.
    """
    return cast("Defender", _policy(given, "defender", world, decoding, system))


def takes_a_model(judge: str) -> bool:
    """Whether a registered judge takes a model: by default that may be one of the hub."""
    return bool({"model", "base_url"} & signature(JUDGES.get(judge)).parameters.keys())


def is_served(judge: str) -> bool:
    """Whether a registered judge asks a server: it is built at once, and loads nothing."""
    return judge in JUDGES.names() and "base_url" in signature(JUDGES.get(judge)).parameters


def find_judge(given: str | Judge | None, world: World, *, alone: bool = False) -> Judge:
    """The judge that was named or given; None takes the one that knows the world best.

    Args:
        given: A spec, a judge or None.
        world: Where it judges. A world may complete a judge that grades no answers, such as a
            guard; see `CompletesJudges`.
        alone: Leave the judge as it is, because it becomes a part of another one.

    Raises:
        UnknownNameError: No judge goes by this name.
        ConfigError: It is not one, or does not take these settings.
    """
    judge: object = given
    if given is None:
        with at_fault(named("world", world)):
            judge = world.judge()
    if isinstance(given, str):
        judge = _build(JUDGES, given, world=world)
    _check_part("judge", given, judge, "judge", ("id", "version"))
    single = cast("Judge", judge)
    return world.completed(single) if isinstance(world, CompletesJudges) and not alone else single


def find_world(given: str | World | None) -> World:
    """The world that was named or given; None takes the shipped one.

    Raises:
        UnknownNameError: No world goes by this name.
        ConfigError: It is not a world.
    """
    world = load_world(WORLD if given is None else given, allow_import_path=True)
    _check_part("world", given, world, "scenarios", ("id", "rules"))
    return world


def find_renderer(given: str | Renderer) -> Renderer:
    """The renderer that was named or given.

    Raises:
        UnknownNameError: No renderer goes by this name.
        ConfigError: It is not one, or does not take these settings.
    """
    renderer = _build(RENDERERS, given) if isinstance(given, str) else given
    _check_part("renderer", given, renderer, "draw", ("id", "version", "max_words", "legible"))
    return renderer


def find_reward(given: Mapping[str, float] | RewardFunction | None) -> RewardFunction:
    """The reward function that was given, or the default one with these weights.

    Raises:
        ConfigError: A weight's name is not known, or it is not a reward function.
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
                why="it is not a finite number",
                fix="give a number, such as -1.0",
            )
    try:
        return TugOfWarReward(**given)
    except TypeError as error:
        raise ConfigError(
            given=f"reward={dict(given)!r}",
            why=str(error),
            fix="name some of the weights invalid, harm, over_refusal, drifted and rarity",
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
    """Builds a part with its settings, and those offered arguments that its factory takes."""
    spec = parse_spec(given)
    # An environment is made from Python or from the user's own configuration, so paths are fine.
    factory = registry.get(spec.name, allow_import_path=True)
    return _called(registry.kind, factory, spec, {k: offered[k] for k in takes(factory, offered)})


def _called(kind: str, factory: Callable[..., T], spec: Spec, arguments: Mapping[str, object]) -> T:
    kwargs = {**arguments, **spec.settings}
    check_arguments(factory, f"{kind} {spec.name!r}", kwargs)
    with at_fault(f"the {kind} {spec.name}"):
        return factory(**kwargs)


def _check_part(
    kind: str, given: object, part: object, method: str, attributes: Sequence[str] = ()
) -> None:
    """Raises ConfigError unless a part has these methods and attributes."""
    missing = [f"attribute {name}" for name in attributes if not hasattr(part, name)]
    if not callable(getattr(part, method, None)):
        missing.insert(0, f"method {method}")
    if missing:
        raise ConfigError(
            given=f"{kind}={given!r}",
            why=f"it has no {' and no '.join(missing)}",
            fix=f"give a {kind}, or its name",
        )


def _policy(
    given: object, seat: Seat, world: World, decoding: Decoding | None, system: str | None
) -> object:
    if given is None:
        given = _default_policy(seat, world)
    if isinstance(given, str | Path):
        policy = _named_policy(str(given), seat, world, decoding, system)
    else:
        policy = with_system(with_decoding(given, decoding), system)
    if not callable(getattr(policy, _VERB[seat], None)):
        raise ConfigError(
            given=f"{seat}={given!r}",
            why=f"it has no method {_VERB[seat]}, so it cannot sit in the {seat}'s seat",
            fix=f"give a policy with {_VERB[seat]}, or its name",
        )
    return policy


def _named_policy(
    given: str, seat: Seat, world: World, decoding: Decoding | None, system: str | None
) -> object:
    """Builds a policy; decoding and system prompt go to factories with parameters of that name."""
    spec = policy_spec(given, seat)
    if system is not None and "system" in spec.settings:
        raise two_system_prompts(given)
    factory = POLICIES.get(spec.name, allow_import_path=True)
    drawn = {} if decoding is None else {key: getattr(decoding, key) for key in DECODING}
    offered = {**drawn, **({} if system is None else {"system": system})}
    named = takes(factory, offered, by_name=True)
    arguments = {key: offered[key] for key in named}
    if takes(factory, ["world"]):
        arguments["world"] = world
    policy = _called("policy", factory, spec, arguments)
    return policy if system is None or "system" in named else with_system(policy, system)


def _default_policy(seat: Seat, world: World) -> str:
    if isinstance(world, DefaultPolicies) and seat in world.default_policies:
        return world.default_policies[seat]
    raise ConfigError(
        given=f"{seat}=None in the world {world.id}",
        why=f"this world brings no {seat} of its own",
        fix=f"name a policy: {seat}=..., one of {', '.join(POLICIES.names()) or 'your own'}",
    )
