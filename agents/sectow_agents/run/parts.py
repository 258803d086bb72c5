"""The parts that a run names: looked up and checked before anything heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass

from sectow_agents.run.trackers import check_trackers
from sectow_agents.settings.run_config import MixSettings, RunConfig
from sectow_agents.settings.trl_fields import check_vllm
from sectow_env.errors import ConfigError
from sectow_env.game import SEATS, Judge, RewardFunction, Scenario
from sectow_env.game.world import AsksGeneralQuestions, TakesChannels, World
from sectow_env.judges.cached import remembered
from sectow_env.resolve.names import check_names
from sectow_env.resolve.parts import find_judge, find_renderer, find_reward
from sectow_env.resolve.worlds import drawn_by, load_world

OWN_JUDGE = "world"
"""As `truth`: the judge that knows the world best."""


@dataclass(frozen=True)
class Parts:
    """What is played, and who looks at it."""

    world: World
    judge: Judge
    truth: Judge | None
    """A second judge that decides nothing."""
    reward: RewardFunction


def find_parts(config: RunConfig) -> Parts:
    """Look up the parts of a run; all names are checked before a judge loads its weights.

    Raises:
        SectowError: A world, renderer, judge, policy, channel or kind of question does not exist.
    """
    for seat in SEATS:
        check_vllm(seat, getattr(config.training(seat), "grpo", {}))
    check_trackers(config.report_to)
    for judge in (config.judge, config.truth):
        check_names(judge=None if judge == OWN_JUDGE else judge)
    check_names(attackers=[config.attacker.model], defenders=[config.defender.model])
    world = find_played(config)
    reward = find_reward(config.reward.model_dump())
    attacked(config, world)
    check_mix(config.defender.mix, world)
    return Parts(
        world=world,
        # A pool's attacks and an attacker's favourites come back.
        judge=remembered(find_judge(config.judge, world)),
        truth=_truth(config.truth, world),
        reward=reward,
    )


def find_played(config: RunConfig) -> World:
    """The world as a run plays it: with its renderer, and through the attacker's channels.

    Raises:
        SectowError: A world, renderer or channel does not exist.
    """
    world = load_world(config.played, allow_import_path=True)
    if config.renderer is not None:
        world = drawn_by(world, find_renderer(config.renderer))
    channels = config.attacker.channels
    if channels is not None and isinstance(world, TakesChannels):
        world = world.attacked_through(channels)
    return world


def attacked(config: RunConfig, world: World) -> list[Scenario]:
    """The scenarios of a run's attacker phases.

    Raises:
        ConfigError: A channel does not exist.
    """
    channels = config.attacker.channels
    return world.scenarios(
        "train", harmful=True, channels=world.working_channels if channels is None else channels
    )


def _truth(given: str | None, world: World) -> Judge | None:
    if given is None:
        return None
    return remembered(find_judge(None if given == OWN_JUDGE else given, world))


def check_mix(mix: MixSettings, world: World) -> None:
    """The defender's channels and kinds must exist, long before its first phase uses them."""
    for channels in filter(None, (mix.benign_channels, mix.controlled_channels)):
        # Nothing is drawn for that.
        world.scenarios("train", channels=channels)
    if not mix.general_kinds:
        return
    if not isinstance(world, AsksGeneralQuestions):
        raise ConfigError(
            given=f"defender.mix.general_kinds={mix.general_kinds!r} in {world.id}",
            why="this world has no general questions",
            fix="set defender.mix.general_kinds=[]",
        )
    world.general("train", mix.general_kinds, 1, 0)
