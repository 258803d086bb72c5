"""Plays an environment by its observations, and records what it returns."""

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
    """The output of one reset or step, as text."""

    at: str
    """`reset` or `step`."""
    observation: str
    reward: float
    done: bool
    episode: str
    """The whole episode at its end, else empty."""


class Player:
    """Acts in one seat: asks for the observed behavior and samples from the space, alternately.

    So both valid and invalid attacks are played.
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
        behavior = observation["behavior"] or observation["query"]
        return {**sampled, "image": NO_IMAGE.copy(), "query": behavior}

    def answers(self, observation: Any) -> bool:
        """Whether the player of both seats has to respond."""
        return self._seat == "both" and int(observation["seat"]) == 1


def play_single(env: Any, seat: Seating, seed: int, episodes: int) -> list[Trace]:
    """The events of an environment's first episodes.

    Raises:
        RuntimeError: An episode does not end.
    """
    player = Player(env.action_space, seat, seed)
    traces = []
    for index in range(episodes):
        observation, _ = env.reset(seed=seed if index == 0 else None)
        traces.append(opening(observation))
        traces += play_out(env, player, observation)
    return traces


def play_out(
    env: Any, player: Player, observation: Any, tamper: Callable[[Any], None] | None = None
) -> list[Trace]:
    """Play the current episode to its end.

    Args:
        env: The environment, just reset.
        player: The player.
        observation: What the reset gave.
        tamper: Called with each observation after the player has read it, before the step.

    Raises:
        RuntimeError: It does not end.
    """
    traces = []
    for _ in range(MAX_STEPS):
        action = player.act(observation)
        if tamper:
            tamper(observation)
        observation, reward, terminated, truncated, info = env.step(action)
        done = bool(terminated or truncated)
        traces.append(step_of(observation, reward, done, info.get("sectow_episode")))
        if done:
            return traces
    raise RuntimeError(f"an episode does not end within {MAX_STEPS} steps")


def opening(observation: Any) -> Trace:
    """The trace of a reset."""
    return Trace("reset", as_text(observation), 0.0, False, "")


def step_of(observation: Any, reward: Any, done: bool, episode: Any) -> Trace:
    """The trace of a step."""
    text = "" if episode is None else as_text(episode)
    return Trace("step", as_text(observation), float(reward), done, text)


def play_vector(envs: Any, seat: Seating, seed: int, episodes: int) -> list[list[Trace]]:
    """The traces of each environment of a vector in its first episodes, in any autoreset mode.

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
    traces = [[opening(view)] for view in seen]
    ended = [False] * envs.num_envs
    for _ in range(MAX_STEPS * episodes):
        if all(sum(trace.done for trace in events) >= episodes for events in traces):
            return [_first(events, episodes) for events in traces]
        actions = [
            (spare if over else player).act(view)
            for over, player, view in zip(ended, players, seen, strict=True)
        ]
        seen, ended = _step(envs, mode, _together(actions), ended, traces)
    raise RuntimeError(f"an episode does not end within {MAX_STEPS} steps")


def _step(
    envs: Any, mode: str, actions: Any, waiting: list[bool], traces: list[list[Trace]]
) -> tuple[list[Any], list[bool]]:
    """One step; returns the observations, and which environments ignore their next action."""
    observations, rewards, terminations, truncations, info = envs.step(actions)
    seen = _apart(observations, envs.num_envs)
    done = np.logical_or(terminations, truncations)
    final = info.get("final_info", {}) if mode == "SameStep" else info
    for index, events in enumerate(traces):
        if waiting[index]:
            # In the mode NextStep this step was the reset; it must pay nothing and end nothing.
            first = opening(seen[index])
            events.append(first._replace(reward=float(rewards[index]), done=bool(done[index])))
            continue
        episode = final["sectow_episode"][index] if done[index] else None
        last = info["final_obs"][index] if done[index] and mode == "SameStep" else seen[index]
        events.append(step_of(last, rewards[index], bool(done[index]), episode))
        if done[index] and mode == "SameStep":
            events.append(opening(seen[index]))
    if mode == "NextStep":
        return seen, [bool(flag) for flag in done]
    if mode == "Disabled" and done.any():
        observations, _ = envs.reset(options={"reset_mask": done})
        seen = _apart(observations, envs.num_envs)
        for index, over in enumerate(done):
            if over:
                traces[index].append(opening(seen[index]))
    return seen, [False] * envs.num_envs


def _first(traces: list[Trace], episodes: int) -> list[Trace]:
    """The events of the first episodes."""
    ends = [index for index, trace in enumerate(traces) if trace.done]
    return traces[: ends[episodes - 1] + 1]


def _apart(batched: Any, number: int) -> list[Any]:
    """A batched observation as a list with one per environment."""
    return [{key: column[index] for key, column in batched.items()} for index in range(number)]


def _together(actions: list[Any]) -> Any:
    """Actions of all environments as an element of the batched space."""
    if isinstance(actions[0], dict):
        return {key: tuple(action[key] for action in actions) for key in actions[0]}
    return tuple(actions)
