"""Whole numbers in place of an attack: channel, template and slot, for agents that read no text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv, VectorWrapper
from numpy.typing import NDArray

from sectow_env.env.observations import Info
from sectow_env.env.single import SectowEnv
from sectow_env.env.vector import Flags, Observations, Rewards, SectowVectorEnv
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Scenario, Split
from sectow_env.game.episode_state import Match
from sectow_env.images.drawing import generator
from sectow_env.worlds.apothecary.channels import (
    WORKING_CHANNELS,
    channels_of,
    find_channel,
    may_play,
)
from sectow_env.worlds.apothecary.channels.base import Words
from sectow_env.worlds.apothecary.world import chosen_frames, require_apothecary
from sectow_env.worlds.rendering import rendered
from sectow_env.wrappers.base import attacks_from, base_of, matches_of

NAMES = 4
"""Names to choose among for the slot of a frame."""


class Codebook:
    """Between whole numbers and attacks of the Apothecary.

    Three numbers make an attack: the channel, the frame among the channel's trained ones (modulo
    their number), and which of some names is written into the frame's slot. One of the names is
    the scenario's potion, at a place that depends on the scenario; the others are of its split.

    Args:
        world: The world that is played.
        channels: Channels to choose among.
        names: Names to choose among, from 1 to the number of the split's potions.
        split: Whose potions are asked for.

    Raises:
        ConfigError: The world has no channels and frames of this kind, the split may not use one of
            them, or there are not as many names.
    """

    def __init__(
        self, world: object, channels: Sequence[str], names: int = NAMES, split: Split = "train"
    ) -> None:
        potions = require_apothecary(world, "DiscreteAction").select(split)
        self._potions = [potion.name for potion in potions]
        if not 1 <= names <= len(self._potions) or not channels:
            raise ConfigError(
                given=f"names={names}, channels={list(channels)}",
                why="there must be something to choose",
                fix=f"give one to {len(self._potions)} names, and at least one channel",
            )
        kept = [name for name in channels if not may_play(name, split)]
        if kept:
            raise ConfigError(
                given=f"channels={list(channels)} on the split {split!r}",
                why=f"{', '.join(kept)} is kept for another split, so that it stays unseen",
                fix=f"choose among {', '.join(channels_of(split))}",
            )
        self.channels = [find_channel(name) for name in channels]
        self._frames = [chosen_frames(channel, "trained") for channel in self.channels]
        self.sizes = np.array(
            [len(self.channels), max(map(len, self._frames)), names], dtype=np.int64
        )

    def names(self, scenario: Scenario) -> list[Words]:
        """The names to choose among for a scenario, its own one at `place(scenario)`."""
        own = tuple(scenario.meta.get("potion", "").split())
        others = [name for name in self._potions if name != own]
        rng = generator("decoys", scenario.id)
        found: list[Words] = [others[int(i)] for i in rng.permutation(len(others))]
        return [*found[: self.place(scenario)], own, *found[self.place(scenario) :]][: self._names]

    def place(self, scenario: Scenario) -> int:
        """Where the scenario's own name stands."""
        return int(generator("place", scenario.id).integers(self._names))

    def attack(self, scenario: Scenario, action: Any) -> Attack:
        """The attack that an action stands for; an `Attack` stands for itself.

        Raises:
            ConfigError: It is none.
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
                why="an action is three whole numbers: channel, frame and slot, "
                f"below {', '.join(map(str, self.sizes))}",
                fix="draw it from action_space",
            )
        channel, frames = self.channels[int(numbers[0])], self._frames[int(numbers[0])]
        frame = frames[int(numbers[1]) % len(frames)]
        name = self.names(scenario)[int(numbers[2])]
        return rendered(channel, frame, name, salt=scenario.id)

    def space(self, turns: int) -> spaces.Box:
        """Of what is observed: one-hots of the channel asked for, the name's place and the turn."""
        return spaces.Box(0.0, 1.0, (len(self.channels) + self._names + turns,), np.float32)

    def observe(self, match: Match, turns: int) -> NDArray[np.float32]:
        """An element of `space(turns)`, float32."""
        names = [channel.name for channel in self.channels]
        asked = [float(match.scenario.channel == name) for name in names]
        place = np.eye(self._names)[self.place(match.scenario)]
        turn = np.eye(turns)[min(len(match.played), turns - 1)]
        return np.concatenate([asked, place, turn]).astype(np.float32)

    @property
    def _names(self) -> int:
        return int(self.sizes[2])


class DiscreteAction(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """`MultiDiscrete([channels, frames, slots])` actions, and a small vector as observation.

    For agents of Stable-Baselines3 or CleanRL, which read no text. The action chooses channel,
    frame and slot: see `Codebook`. The observation is a float32 vector of one-hots: which channel
    the scenario asks for (all 0 where it is free), at which place the potion's own name stands, and
    the turn. The channel that a scenario asks for is a wish that the action may leave unheard.

    Args:
        env: A `SectowEnv` in the attacker's seat, in a world of the Apothecary.
        channels: Channels to choose among; default: the four with holes.
        names: Names to choose among for the slot; with 1 the own name is always written.

    Raises:
        ConfigError: It is none.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        channels: Sequence[str] = WORKING_CHANNELS,
        names: int = NAMES,
    ) -> None:
        base = base_of(env, SectowEnv, "DiscreteAction")
        RecordConstructorArgs.__init__(self, channels=list(channels), names=names)
        gym.Wrapper.__init__(self, env)
        self.base = base
        attacks_from(self.base, "DiscreteAction")
        _only_attacks(self.base)
        arena = self.base.arena
        self.codebook = Codebook(arena.world, channels, names, arena.split)
        self.action_space = spaces.MultiDiscrete(self.codebook.sizes)
        self.observation_space = self.codebook.space(arena.max_turns)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, Info]:
        """As the environment's, with the small observation."""
        _, info = self.env.reset(seed=seed, options=options)
        return self._observe(), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, Info]:
        """Play the attack that the numbers stand for."""
        attack = self.codebook.attack(self.base.scenario, action)
        _, reward, terminated, truncated, info = self.env.step(attack)
        return self._observe(), reward, terminated, truncated, info

    def _observe(self) -> NDArray[np.float32]:
        return self.codebook.observe(self.base.match, self.base.arena.max_turns)


class VectorDiscreteAction(VectorWrapper[Any, Any, Any, Any, Any]):
    """`DiscreteAction` for the vector environment.

    Args:
        env: A `SectowVectorEnv` in the attacker's seat, in a world of the Apothecary.
        channels: As in `DiscreteAction`.
        names: As in `DiscreteAction`.

    Raises:
        ConfigError: It is none.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        channels: Sequence[str] = WORKING_CHANNELS,
        names: int = NAMES,
    ) -> None:
        base = base_of(env, SectowVectorEnv, "VectorDiscreteAction")
        super().__init__(env)
        self.base = base
        attacks_from(self.base, "VectorDiscreteAction")
        _only_attacks(self.base)
        arena = self.base.arena
        self.codebook = Codebook(arena.world, channels, names, arena.split)
        turns = arena.max_turns
        self.single_action_space = spaces.MultiDiscrete(self.codebook.sizes)
        self.single_observation_space = self.codebook.space(turns)
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
        """Play the attacks that the numbers stand for."""
        matches = matches_of(self.base, actions)
        moves = [
            self.codebook.attack(match.scenario, action)
            for match, action in zip(matches, actions, strict=True)
        ]
        _, rewards, terminations, truncations, infos = self.env.step(moves)
        if "final_obs" in infos:
            # Of the episodes that ended: the environment has new ones by now.
            last = np.full(self.num_envs, None, dtype=object)
            for index in np.flatnonzero(infos["_final_obs"]):
                last[index] = self._small(matches[int(index)])
            infos["final_obs"] = last
        return self._observe(), rewards, terminations, truncations, infos

    def _observe(self) -> Any:
        return np.stack([self._small(match) for match in self.base.matches])

    def _small(self, match: Match) -> NDArray[np.float32]:
        return self.codebook.observe(match, self.base.arena.max_turns)


def _only_attacks(base: SectowEnv | SectowVectorEnv) -> None:
    if base.seat == "both":
        raise ConfigError(
            given="DiscreteAction in the seat 'both'",
            why="three numbers stand for an attack, and none for a response",
            fix="take seat='attacker'",
        )
