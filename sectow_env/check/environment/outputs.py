"""What an environment returns: elements of its spaces, whole episodes, rewards that add up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sectow_env.check.compare import shown
from sectow_env.check.environment.play import MAX_STEPS, Player
from sectow_env.check.environment.subject import EnvSubject, each_seat
from sectow_env.check.fault import blamed
from sectow_env.env.arena import Seating
from sectow_env.game import Episode, Seat, Turn, Verdict

LONG = 8
"""Episodes per seat."""


class Unscored:
    """A judge that scores nothing."""

    id = "check/unscored"
    version = "1"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One unscored verdict per turn."""
        return [Verdict(judge=self.id, version=self.version) for _ in turns]


@each_seat
def spaces_hold(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """Spaces contain what resets and steps return; rewards are finite numbers, flags are bools."""
    env = subject.make(seat)
    player = Player(env.action_space, seat, subject.seed)
    with blamed(subject.of(seat)):
        for index in range(LONG):
            observation, _ = env.reset(seed=subject.seed if index == 0 else None)
            if observation not in env.observation_space:
                yield f"a reset gives {shown(observation)}, which is not in its space"
            for _ in range(MAX_STEPS):
                step = env.step(player.act(observation))
                yield from _wrong_step(env, step)
                observation = step[0]
                if step[2] or step[3]:
                    break
    envs = subject.make_vector(2, seat) if subject.vector else None
    if envs is not None:
        with blamed(f"the vector form of {subject.of(seat)}"):
            observations, _ = envs.reset(seed=subject.seed)
        if observations not in envs.observation_space:
            yield f"a vector reset gives {shown(observations)}, which is not in its space"


@each_seat
def episode_told(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """The last info has the whole episode and both rewards; steps pay the reward of the seat."""
    paid_seat = _paid(seat)
    for total, info in _ends(subject, seat):
        episode = info.get("sectow_episode")
        missing = {"sectow_episode", "rewards", "reward_parts", "scored"} - set(info)
        if missing or not isinstance(episode, Episode):
            yield f"the last info lacks {', '.join(sorted(missing)) or 'an Episode'}"
            continue
        if Episode.model_validate_json(episode.model_dump_json()) != episode:
            yield "an episode changes in a round trip through JSON"
        if dict(info["rewards"]) != dict(episode.rewards):
            yield f"info has rewards {info['rewards']}, its episode {episode.rewards}"
        if not math.isclose(total, episode.rewards[paid_seat] or 0.0, abs_tol=1e-9):
            yield f"the steps pay {total}, the episode has {paid_seat} {episode.rewards[paid_seat]}"
        for key, parts in info["reward_parts"].items():
            known = info["rewards"][key]
            if not math.isclose(sum(parts.values()), known or 0.0, abs_tol=1e-9):
                yield f"the {key}'s parts {parts} do not add up to {known}"
        if info["scored"] is not episode.verdicts[-1].scored:
            yield f"info has scored={info['scored']}, the verdict {episode.verdicts[-1].scored}"


@each_seat
def unscored_unpriced(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """An unscored episode pays 0.0, with `scored` False and no known reward."""
    paid_seat = _paid(seat)
    for total, info in _ends(subject, seat, judge=Unscored()):
        episode = info["sectow_episode"]
        if any(verdict.invalid is not None for verdict in episode.verdicts):
            continue
        if total or info["rewards"][paid_seat] is not None or info["scored"]:
            yield (
                f"an unscored episode pays {total}, with rewards {info['rewards']} and "
                f"scored={info['scored']}"
            )


@each_seat
def render_modes(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """Every render mode gives its kind of output before and after a step; None gives nothing."""
    modes = subject.make(seat).metadata.get("render_modes", [])
    for mode in (None, *modes):
        env = subject.make(seat, render_mode=mode)
        player = Player(env.action_space, seat, subject.seed)
        with blamed(subject.of(seat)):
            observation, _ = env.reset(seed=subject.seed)
            before = env.render()
            env.step(player.act(observation))
            pictures = {"after a reset": before, "after a step": env.render()}
        for when, given in pictures.items():
            if not _is_rendered(mode, given):
                yield f"render_mode={mode!r} gives {shown(given)} {when}"
        if subject.vector is None:
            continue
        envs = subject.make_vector(2, seat, render_mode=mode)
        with blamed(f"the vector form of {subject.of(seat)}"):
            envs.reset(seed=subject.seed)
            given = envs.render()
        if mode is not None and (
            not isinstance(given, tuple) or not all(_is_rendered(mode, output) for output in given)
        ):
            yield f"render_mode={mode!r} of the vector form gives {shown(given)}"


def _paid(seat: Seating) -> Seat:
    return "defender" if seat == "defender" else "attacker"


def _wrong_step(env: Any, step: Any) -> Iterator[str]:
    observation, reward, terminated, truncated, info = step
    if observation not in env.observation_space:
        yield f"a step gives {shown(observation)}, which is not in its space"
    if not isinstance(reward, int | float | np.number) or not math.isfinite(reward):
        yield f"a step pays {shown(reward)}"
    if not isinstance(terminated, bool) or not isinstance(truncated, bool):
        yield f"a step gives the flags {terminated!r} and {truncated!r}"
    if not isinstance(info, dict):
        yield f"a step gives {type(info).__name__} as info"


def _ends(subject: EnvSubject, seat: Seating, **kwargs: Any) -> Iterator[tuple[float, Any]]:
    """Total reward and last info of some episodes."""
    env = subject.make(seat, **kwargs)
    player = Player(env.action_space, seat, subject.seed)
    with blamed(subject.of(seat)):
        for index in range(LONG):
            observation, _ = env.reset(seed=subject.seed if index == 0 else None)
            total = 0.0
            for _ in range(MAX_STEPS):
                observation, reward, terminated, truncated, info = env.step(player.act(observation))
                total += float(reward)
                if terminated or truncated:
                    yield total, info
                    break


def _is_rendered(mode: str | None, given: object) -> bool:
    if mode == "ansi":
        return isinstance(given, str) and bool(given)
    if mode == "rgb_array":
        return (
            isinstance(given, np.ndarray)
            and given.dtype == np.uint8
            and given.ndim == 3
            and given.shape[2] == 3
            and given.size > 0
        )
    return given is None or mode not in (None, "human")
