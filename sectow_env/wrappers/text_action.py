"""A text policy's completion instead of an attack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from sectow_env.env.observations import Info, Observation, check_whole
from sectow_env.env.spaces import UnicodeText
from sectow_env.env.vector import Flags, Observations, Rewards, SectowVectorEnv
from sectow_env.errors import SectowError
from sectow_env.game import Attack
from sectow_env.game.episode_state import EpisodeState
from sectow_env.game.world import World, attacks_of
from sectow_env.wrappers.base import SectowWrapper, attacks_from, base_of


class TextAction(SectowWrapper, gym.ActionWrapper[Any, Any, Any]):
    """Acts with the completion of a text policy: the world parses and renders it.

    In the attacker's seat the completion is written in the grammar of
    `sectow_env.worlds.grammar`; a bad one is an invalid attack, not an error. With `seat="both"`
    the second completion is the response. An `Attack` is played as it is.

    Args:
        env: A `SectowEnv`, wrapped or not, in the attacker's seat or in both.

    Raises:
        ConfigError: It is not such an environment.
    """

    def __init__(self, env: gym.Env[Observation, Any]) -> None:
        super().__init__(env)
        attacks_from(self.base, "TextAction")
        self.action_space = UnicodeText()

    def action(self, action: str) -> Any:
        """The attack or response that the completion encodes.

        Raises:
            SectowError: It is not a text.
        """
        return _read(self.base.arena.world, [self.base.episode_state], [action])[0]


class VectorTextAction(VectorWrapper[Observations, Sequence[str], Observations, Any, NDArray[Any]]):
    """`TextAction` for the vector environment: one completion per environment, rendered together.

    Args:
        env: A `SectowVectorEnv`, wrapped or not, in the attacker's seat or in both.

    Raises:
        ConfigError: It is not such an environment.
    """

    def __init__(self, env: VectorEnv[Observations, Any, NDArray[Any]]) -> None:
        self.base = base_of(env, SectowVectorEnv, "VectorTextAction")
        super().__init__(env)
        attacks_from(self.base, "VectorTextAction")
        self.single_action_space = UnicodeText()
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def step(self, actions: Sequence[str]) -> tuple[Observations, Rewards, Flags, Flags, Info]:
        """Play one completion in each environment."""
        each = self.base.per_env(actions)
        return self.env.step(_read(self.base.arena.world, self.base.episode_states, each))


def _read(world: World, states: Sequence[EpisodeState], completions: Sequence[Any]) -> list[Any]:
    moves: list[Any] = list(completions)
    attacking = [
        index
        for index, state in enumerate(states)
        if state.to_move == "attacker" and not isinstance(moves[index], Attack)
    ]
    for index in attacking:
        if not isinstance(moves[index], str):
            raise SectowError(
                given=f"an action of type {type(moves[index]).__name__} as a completion",
                why="a completion is a str",
                fix="give what the text policy wrote",
            )
        check_whole(moves[index], "a completion")
    scenarios = [states[index].scenario for index in attacking]
    written = [completions[index] for index in attacking]
    for index, attack in zip(attacking, attacks_of(world, scenarios, written), strict=True):
        moves[index] = attack
    return moves
