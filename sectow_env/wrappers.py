"""Wrappers: a text policy's completion in place of an attack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from sectow_env.arena import Match
from sectow_env.env import SectowEnv
from sectow_env.errors import ConfigError
from sectow_env.spaces import UnicodeText
from sectow_env.vector import Flags, Observations, Rewards, SectowVectorEnv
from sectow_env.views import Info, Observation
from sectow_env.worlds.base import World


class TextAction(gym.ActionWrapper[Observation, str, Any], RecordConstructorArgs):
    """Acts with the completion of a text policy: the world parses and renders it.

    In the attacker's seat the completion is written in the grammar of `sectow_env.grammar`; a bad
    one is an invalid attack, which is data, not an error. With `seat="both"` the second completion
    is the response.

    Args:
        env: A `SectowEnv`, wrapped or not, in the attacker's seat or in both.

    Raises:
        ConfigError: It is none.
    """

    def __init__(self, env: gym.Env[Observation, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        gym.ActionWrapper.__init__(self, env)
        self._base = _base_of(env.unwrapped, SectowEnv)
        self.action_space = UnicodeText()

    def action(self, action: str) -> Any:
        """The attack or response that the completion stands for."""
        return _read(self._base.arena.world, self._base.match, action)


class VectorTextAction(VectorWrapper[Observations, Sequence[str], Observations, Any, NDArray[Any]]):
    """`TextAction` for the vector environment: one completion an environment.

    Args:
        env: A `SectowVectorEnv`, wrapped or not, in the attacker's seat or in both.

    Raises:
        ConfigError: It is none.
    """

    def __init__(self, env: VectorEnv[Observations, Any, NDArray[Any]]) -> None:
        super().__init__(env)
        self._base = _base_of(env.unwrapped, SectowVectorEnv)
        self.single_action_space = UnicodeText()
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def step(self, actions: Sequence[str]) -> tuple[Observations, Rewards, Flags, Flags, Info]:
        """Play one completion in each environment."""
        world = self._base.arena.world
        moves = [
            _read(world, match, completion)
            for match, completion in zip(self._base.matches, actions, strict=True)
        ]
        return self.env.step(moves)


def _read(world: World, match: Match, completion: str) -> Any:
    if match.to_move == "defender":
        return completion
    return world.attack(match.scenario, completion)


def _base_of(env: object, kind: type[Any]) -> Any:
    if isinstance(env, kind) and cast("Any", env).seat != "defender":
        return env
    seat = f" in the seat {env.seat!r}" if isinstance(env, kind) else ""
    raise ConfigError(
        given=f"TextAction around {type(env).__name__}{seat}",
        why="completions stand for attacks only in an attacker's seat of SecTOW; a defender's "
        "action is a text already",
        fix=f"wrap a {kind.__name__} with seat='attacker' or seat='both'",
    )
