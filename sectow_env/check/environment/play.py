"""Plays an environment by what it shows, and writes down what it says."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from sectow_env.check.compare import as_text
from sectow_env.env.arena import Seating
from sectow_env.env.spaces import NO_IMAGE

MAX_STEPS = 200
"""Steps after which an episode counts as endless."""


class Trace(NamedTuple):
    """One thing that an environment said, as text."""

    at: str
    """`reset` or `step`."""
    observation: str
    reward: float
    done: bool
    episode: str
    """The whole episode at its end, else empty."""


class Player:
    """Acts in one seat: asks for the behavior that it is shown, or samples from the space.

    Both kinds of action come in turn, so that valid and invalid attacks are played.
    """

    def __init__(self, space: Any, seat: Seating, seed: int) -> None:
        self._space = deepcopy(space)
        self._space.seed(seed)
        self._seat = seat
        self._moves = 0

    def act(self, observation: Any) -> Any:
        """The next action."""
        sampled = self._space.sample()
        if self._seat == "defender" or self.answers(observation):
            return sampled
        self._moves += 1
        if self._moves % 2 == 0:
            return sampled
        asked = observation["behavior"] or observation["query"]
        return {**sampled, "image": NO_IMAGE.copy(), "query": asked}

    def answers(self, observation: Any) -> bool:
        """Whether the player of both seats is to respond."""
        return self._seat == "both" and int(observation["seat"]) == 1


def play_single(env: Any, seat: Seating, seed: int, episodes: int) -> list[Trace]:
    """What an environment says in its first episodes.

    Args:
        env: A bare environment.
        seat: Its seat.
        seed: Of the environment and of the player.
        episodes: How many.

    Raises:
        RuntimeError: An episode does not end.
    """
    player = Player(env.action_space, seat, seed)
    said = []
    for index in range(episodes):
        observation, _ = env.reset(seed=seed if index == 0 else None)
        said.append(opening(observation))
        said += play_out(env, player, observation)
    return said


def play_out(
    env: Any, player: Player, observation: Any, meddle: Callable[[Any], None] | None = None
) -> list[Trace]:
    """Plays the episode on its way to its end.

    Args:
        env: The environment, just reset.
        player: Acts.
        observation: What the reset gave.
        meddle: Called with each observation once the player has looked, before the step.

    Raises:
        RuntimeError: It does not end.
    """
    said = []
    for _ in range(MAX_STEPS):
        action = player.act(observation)
        if meddle:
            meddle(observation)
        observation, reward, terminated, truncated, info = env.step(action)
        done = bool(terminated or truncated)
        said.append(step_of(observation, reward, done, info.get("sectow_episode")))
        if done:
            return said
    raise RuntimeError(f"an episode does not end within {MAX_STEPS} steps")


def opening(observation: Any) -> Trace:
    """What a reset says."""
    return Trace("reset", as_text(observation), 0.0, False, "")


def step_of(observation: Any, reward: Any, done: bool, episode: Any) -> Trace:
    """What a step says."""
    told = "" if episode is None else as_text(episode)
    return Trace("step", as_text(observation), float(reward), done, told)


def play_vector(envs: Any, seat: Seating, seed: int, episodes: int) -> list[list[Trace]]:
    """What each environment of a vector says in its first episodes, in any autoreset mode.

    Raises:
        RuntimeError: An episode does not end.
    """
    mode = str(envs.metadata["autoreset_mode"].value)
    players = [
        Player(envs.single_action_space, seat, seed + index) for index in range(envs.num_envs)
    ]
    spare = Player(envs.single_action_space, seat, seed)
    observations, _ = envs.reset(seed=seed)
    seen = _apart(observations, envs.num_envs)
    said = [[opening(one)] for one in seen]
    ended = [False] * envs.num_envs
    for _ in range(MAX_STEPS * episodes):
        if all(sum(trace.done for trace in one) >= episodes for one in said):
            return [_first(one, episodes) for one in said]
        actions = [
            (spare if over else player).act(one)
            for over, player, one in zip(ended, players, seen, strict=True)
        ]
        seen, ended = _step(envs, mode, _together(actions), ended, said)
    raise RuntimeError(f"an episode does not end within {MAX_STEPS} steps")


def _step(
    envs: Any, mode: str, actions: Any, waiting: list[bool], said: list[list[Trace]]
) -> tuple[list[Any], list[bool]]:
    """One step; returns what is seen, and which environments ignore their next action."""
    observations, rewards, terminations, truncations, info = envs.step(actions)
    seen = _apart(observations, envs.num_envs)
    done = np.logical_or(terminations, truncations)
    final = info.get("final_info", {}) if mode == "SameStep" else info
    for index, traces in enumerate(said):
        if waiting[index]:
            # In the mode NextStep this step was the reset; it must pay nothing and end nothing.
            first = opening(seen[index])
            traces.append(first._replace(reward=float(rewards[index]), done=bool(done[index])))
            continue
        episode = final["sectow_episode"][index] if done[index] else None
        last = info["final_obs"][index] if done[index] and mode == "SameStep" else seen[index]
        traces.append(step_of(last, rewards[index], bool(done[index]), episode))
        if done[index] and mode == "SameStep":
            traces.append(opening(seen[index]))
    if mode == "NextStep":
        return seen, [bool(one) for one in done]
    if mode == "Disabled" and done.any():
        observations, _ = envs.reset(options={"reset_mask": done})
        seen = _apart(observations, envs.num_envs)
        for index, over in enumerate(done):
            if over:
                said[index].append(opening(seen[index]))
    return seen, [False] * envs.num_envs


def _first(traces: list[Trace], episodes: int) -> list[Trace]:
    """The traces up to the end of so many episodes."""
    ends = [index for index, trace in enumerate(traces) if trace.done]
    return traces[: ends[episodes - 1] + 1]


def _apart(batched: Any, number: int) -> list[Any]:
    """A batched observation as one an environment."""
    return [{key: column[index] for key, column in batched.items()} for index in range(number)]


def _together(actions: list[Any]) -> Any:
    """Actions of all environments as an element of the batched space."""
    if isinstance(actions[0], dict):
        return {key: tuple(one[key] for one in actions) for key in actions[0]}
    return tuple(actions)
