"""Integers instead of an attack: channel, template and slot, for agents that read no text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv, VectorWrapper
from numpy.typing import NDArray

from sectow_env.env.observations import Info
from sectow_env.env.single import SectowEnv
from sectow_env.env.vector import Flags, Observations, Rewards, SectowVectorEnv
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Scenario, Split
from sectow_env.game.episode_state import EpisodeState
from sectow_env.images.drawing import generator
from sectow_env.worlds.apothecary.channels import (
    WORKING_CHANNELS,
    channels_of,
    find_channel,
    may_play,
)
from sectow_env.worlds.apothecary.channels.base import Words
from sectow_env.worlds.apothecary.world import chosen_frames, require_apothecary
from sectow_env.worlds.rendering import render_frame
from sectow_env.wrappers.base import SectowWrapper, attacks_from, base_of

NAMES = 4
"""Number of names to choose from for the slot of a frame."""


class Codebook:
    """Maps integers to attacks of the Apothecary.

    Three numbers make an attack: the channel, the frame among the channel's trained ones (modulo
    their number), and which of some names is written into the frame's slot. One of the names is
    the scenario's potion, at an index that depends on the scenario; the others are of its split.

    Args:
        world: The world.
        channels: Channels to choose from.
        names: Number of names to choose from, at most that of the split's potions.
        split: The split of the potions.

    Raises:
        ConfigError: The world is not an Apothecary, the split may not use a channel, or there are
            not enough names.
    """

    def __init__(
        self, world: object, channels: Sequence[str], names: int = NAMES, split: Split = "train"
    ) -> None:
        potions = require_apothecary(world, "DiscreteAction").select(split)
        self._potions = [potion.name for potion in potions]
        if not 1 <= names <= len(self._potions) or not channels:
            raise ConfigError(
                given=f"names={names}, channels={list(channels)}",
                why="there must be something to choose from",
                fix=f"give 1 to {len(self._potions)} names, and at least one channel",
            )
        kept = [name for name in channels if not may_play(name, split)]
        if kept:
            raise ConfigError(
                given=f"channels={list(channels)} on the split {split!r}",
                why=f"{', '.join(kept)} is reserved for another split, so that it stays unseen",
                fix=f"choose among {', '.join(channels_of(split))}",
            )
        self.channels = [find_channel(name) for name in channels]
        self._frames = [chosen_frames(channel, "trained") for channel in self.channels]
        self.sizes = np.array(
            [len(self.channels), max(map(len, self._frames)), names], dtype=np.int64
        )

    def names(self, scenario: Scenario) -> list[Words]:
        """The names to choose from for a scenario, its own at index `place(scenario)`."""
        own = tuple(scenario.meta.get("potion", "").split())
        others = [name for name in self._potions if name != own]
        rng = generator("decoys", scenario.id)
        drawn: list[Words] = [others[int(i)] for i in rng.permutation(len(others))]
        return [*drawn[: self.place(scenario)], own, *drawn[self.place(scenario) :]][: self._names]

    def place(self, scenario: Scenario) -> int:
        """Index of the scenario's own name."""
        return int(generator("place", scenario.id).integers(self._names))

    def attack(self, scenario: Scenario, action: Any) -> Attack:
        """The attack that an action encodes; an `Attack` is returned as it is.

        Raises:
            ConfigError: It is not a valid action.
        """
        if isinstance(action, Attack):
            return action
        try:
            numbers = np.asarray(action)
        except ValueError:
            # Lists of unequal lengths.
            numbers = np.empty(0)
        whole = numbers.shape == (3,) and np.issubdtype(numbers.dtype, np.integer)
        if not whole or (numbers < 0).any() or (numbers >= self.sizes).any():
            raise ConfigError(
                given=f"the action {action!r}",
                why="an action is three integers: channel, frame and slot, "
                f"below {', '.join(map(str, self.sizes))}",
                fix="draw it from action_space",
            )
        channel, frames = self.channels[int(numbers[0])], self._frames[int(numbers[0])]
        frame = frames[int(numbers[1]) % len(frames)]
        name = self.names(scenario)[int(numbers[2])]
        return render_frame(channel, frame, name, jitter_key=scenario.id)

    def space(self, turns: int) -> spaces.Box:
        """The observation space: one-hots of requested channel, index of the name and turn."""
        return spaces.Box(0.0, 1.0, (len(self.channels) + self._names + turns,), np.float32)

    def observe(self, state: EpisodeState, turns: int) -> NDArray[np.float32]:
        """An element of `space(turns)`, float32."""
        names = [channel.name for channel in self.channels]
        requested = [float(state.scenario.channel == name) for name in names]
        place = np.eye(self._names)[self.place(state.scenario)]
        turn = np.eye(turns)[min(len(state.played), turns - 1)]
        return np.concatenate([requested, place, turn]).astype(np.float32)

    @property
    def _names(self) -> int:
        return int(self.sizes[2])


class DiscreteAction(SectowWrapper):
    """`MultiDiscrete([channels, frames, slots])` actions, and a small vector as observation.

    For agents of Stable-Baselines3 or CleanRL, which read no text. The action chooses channel,
    frame and slot: see `Codebook`. The observation is a float32 vector of one-hots: the channel
    that the scenario asks for (all 0 if none), the index of the potion's own name, and the turn.
    An action may choose another channel than the one that the scenario asks for.

    Args:
        env: A `SectowEnv` in the attacker's seat, in a world of the Apothecary.
        channels: Channels to choose from; default: the four with weaknesses.
        names: Number of names to choose from for the slot; with 1 always the potion's own.

    Raises:
        ConfigError: It is not such an environment.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        channels: Sequence[str] = WORKING_CHANNELS,
        names: int = NAMES,
    ) -> None:
        super().__init__(env, channels=list(channels), names=names)
        self.codebook = _codebook(self.base, "DiscreteAction", channels, names)
        self.action_space = spaces.MultiDiscrete(self.codebook.sizes)
        self.observation_space = self.codebook.space(self.base.arena.max_turns)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, Info]:
        """As the environment's, with the small observation."""
        _, info = self.env.reset(seed=seed, options=options)
        return self._observe(), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, Info]:
        """Play the attack that the integers encode."""
        attack = self.codebook.attack(self.base.scenario, action)
        _, reward, terminated, truncated, info = self.env.step(attack)
        return self._observe(), reward, terminated, truncated, info

    def _observe(self) -> NDArray[np.float32]:
        return self.codebook.observe(self.base.episode_state, self.base.arena.max_turns)


class VectorDiscreteAction(VectorWrapper[Any, Any, Any, Any, Any]):
    """`DiscreteAction` for the vector environment.

    Args:
        env: A `SectowVectorEnv` in the attacker's seat, in a world of the Apothecary.

    Raises:
        ConfigError: It is not such an environment.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        channels: Sequence[str] = WORKING_CHANNELS,
        names: int = NAMES,
    ) -> None:
        self.base = base_of(env, SectowVectorEnv, "VectorDiscreteAction")
        super().__init__(env)
        self.codebook = _codebook(self.base, "VectorDiscreteAction", channels, names)
        self.single_action_space = spaces.MultiDiscrete(self.codebook.sizes)
        self.single_observation_space = self.codebook.space(self.base.arena.max_turns)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, self.num_envs)
        self.observation_space = gym.vector.utils.batch_space(
            self.single_observation_space, self.num_envs
        )

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, Info]:
        """As the environment's, with the small observations."""
        _, info = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]  # ours takes sequences
        return self._observe(), info

    def step(self, actions: Any) -> tuple[Observations, Rewards, Flags, Flags, Info]:
        """Play the attacks that the integers encode."""
        each = self.base.per_env(actions)
        states = self.base.episode_states
        moves = [
            self.codebook.attack(state.scenario, action)
            for state, action in zip(states, each, strict=True)
        ]
        _, rewards, terminations, truncations, infos = self.env.step(moves)
        if "final_obs" in infos:
            # Of the episodes that ended: the environment has new ones by now.
            last = np.full(self.num_envs, None, dtype=object)
            for index in np.flatnonzero(infos["_final_obs"]):
                last[index] = self._small(states[int(index)])
            infos["final_obs"] = last
        return self._observe(), rewards, terminations, truncations, infos

    def _observe(self) -> Any:
        return np.stack([self._small(state) for state in self.base.episode_states])

    def _small(self, state: EpisodeState) -> NDArray[np.float32]:
        return self.codebook.observe(state, self.base.arena.max_turns)


def _codebook(
    base: SectowEnv | SectowVectorEnv, wrapper: str, channels: Sequence[str], names: int
) -> Codebook:
    attacks_from(base, wrapper)
    if base.seat == "both":
        raise ConfigError(
            given="DiscreteAction in the seat 'both'",
            why="the integers encode an attack, not a response",
            fix="take seat='attacker'",
        )
    return Codebook(base.arena.world, channels, names, base.arena.split)
