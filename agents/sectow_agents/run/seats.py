"""Who sits in the seats before the first round, looked at before there is a run folder."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from sectow_agents.models.load import check_source
from sectow_agents.phases.defender import training_sources
from sectow_agents.run.parts import attacked
from sectow_agents.settings.run_config import RunConfig
from sectow_env.errors import ConfigError
from sectow_env.game import Seat
from sectow_env.game.world import World
from sectow_env.policies.chat import ChatAttacker
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.resolve.policies import DECODING, policy_spec, weights_of


def occupant(config: RunConfig, seat: Seat, world: World) -> object:
    """The policy of a seat before the first round.

    Raises:
        ConfigError: The seat is trained, and the policy has no weights or its spec sets what the
            seat's settings must set. Or the seat is not trained, and the policy cannot take the
            seat's system prompt. Or its model cannot be loaded, or trained on what it is shown.
    """
    settings = config.policy(seat)
    find = find_attacker if seat == "attacker" else find_defender
    if seat not in config.seats:
        policy = find(settings.model, world, system=settings.system)
        if (weights := weights_of(policy)) is not None:
            _check_model(config, seat, world, weights.source)
        return policy
    from_spec = {"system", "template", *DECODING} & set(policy_spec(settings.model, seat).settings)
    if from_spec:
        raise ConfigError(
            given=f"{seat}.model={settings.model!r}",
            why=f"a trained seat takes its {' and '.join(sorted(from_spec))} from its settings",
            fix=f"set {seat}.system, {seat}.template or {seat}.training.KEY instead",
        )
    policy = find(settings.model, world)
    weights = weights_of(policy)
    if weights is None:
        raise ConfigError(
            given=f"{seat}.model={settings.model!r}",
            why="it has no weights that could be trained",
            fix="name a policy with weights, a folder, or a model id of the hub; or leave "
            f"{seat} out of seats, so that it plays and is not trained",
        )
    _check_model(config, seat, world, weights.source)
    return policy


def _check_model(config: RunConfig, seat: Seat, world: World, source: str | Path) -> None:
    """Raises ConfigError where it cannot be loaded, or cannot be shown what the seat is."""
    family, trained = check_source(source), seat in config.seats
    if seat == "attacker" or (family.sees_images and not (trained and family.untrained)):
        return
    if shown := _pictures(config, world):
        family.check_shown(f"the defender {str(source)!r}", shown, trained=trained)


def _pictures(config: RunConfig, world: World) -> str | None:
    """What may show the defender a picture, in words; None: nothing does."""
    channels = {scenario.channel for scenario in attacked(config, world)}
    if None in channels and isinstance(find_attacker(config.attacker.model, world), ChatAttacker):
        return "an attacker without a channel may draw a picture"
    sources = training_sources(world, (), config.defender.mix, 0)
    tried = world.grid("train", harmful=True, channels=[*filter(None, channels)], frames="trained")
    items = [*chain(tried, *sources.values())]
    shown = [item.scenario.id for item in items if item.attack.image is not None]
    words = f"{len(shown)} of the {len(items)} prompts at hand show a picture, such as"
    return f"{words} that of {shown[0]!r}" if shown else None
