"""Actions and observations: who owns them, and what a bad action does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sectow_env.check.compare import as_text, differences, shown
from sectow_env.check.environment.play import Player, opening, play_out
from sectow_env.check.environment.subject import EPISODES, EnvSubject, each_seat
from sectow_env.check.fault import blamed
from sectow_env.env.arena import Seating
from sectow_env.env.spaces import NO_IMAGE
from sectow_env.errors import SectowError

SIDE = 8
_BAD: tuple[Any, ...] = (
    None,
    3,
    b"bytes",
    {},
    {"query": 3, "image": NO_IMAGE, "response": 3},
    {"query": "\ud800", "image": NO_IMAGE, "response": "\ud800"},
)
_BAD_ATTACKS: tuple[Any, ...] = (
    "a text",
    {"query": "an image is missing"},
    {"query": "no array", "image": "none"},
    {"query": "floats", "image": np.zeros((2, 2, 3))},
)


@each_seat
def action_unchanged(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """A step neither changes the action nor keeps a reference to it."""
    env = subject.make(seat)
    player = Player(env.action_space, seat, subject.seed)
    with blamed(subject.of(seat)):
        observation, _ = env.reset(seed=subject.seed)
        action = player.act(observation)
        if isinstance(action, dict):
            action["image"] = np.full((SIDE, SIDE, 3), 200, np.uint8)
        before = as_text(action)
        *_, info = env.step(action)
    if as_text(action) != before:
        yield f"the action was {shown(before)}, and is {shown(action)} after the step"
    if isinstance(action, dict):
        state = as_text(info) + as_text(env.episode_state.attack)
        action["image"][:] = 0
        if as_text(info) + as_text(env.episode_state.attack) != state:
            yield "a change of the action's image after the step changes the attack"


@each_seat
def observation_yours(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """An observation belongs to the caller: changing it changes no episode."""
    expected = subject.trace(seat)
    env = subject.make(seat)
    player = Player(env.action_space, seat, subject.seed)
    events = []
    with blamed(subject.of(seat)):
        for index in range(EPISODES):
            observation, _ = env.reset(seed=subject.seed if index == 0 else None)
            events.append(opening(observation))
            events += play_out(env, player, observation, spoil)
    yield from differences(expected, events, "event", ("untouched", "with changed observations"))


@each_seat
def bad_actions_refused(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """A bad action raises a SectowError and changes nothing, as does one outside an episode."""
    expected = subject.trace(seat)
    env = subject.make(seat)
    player = Player(env.action_space, seat, subject.seed)
    events = []
    with blamed(subject.of(seat)):
        if _accepts(env, env.action_space.sample()):
            yield "it accepts an action before the first reset"
        for index in range(EPISODES):
            observation, _ = env.reset(seed=subject.seed if index == 0 else None)
            events.append(opening(observation))
            for bad in _BAD if seat == "defender" else (*_BAD, *_BAD_ATTACKS):
                if _accepts(env, bad):
                    yield f"it accepts the action {shown(bad)}"
                    return
            events += play_out(env, player, observation)
        if _accepts(env, env.action_space.sample()):
            yield "it accepts an action after the end of an episode"
    yield from differences(expected, events, "event", ("without bad actions", "with them"))


def spoil(observation: dict[str, Any]) -> None:
    """Overwrites everything in an observation."""
    for key, value in observation.items():
        if isinstance(value, np.ndarray):
            value[...] = 7
        observation[key] = "spoilt"


def _accepts(env: Any, action: object) -> bool:
    try:
        env.step(action)
    except SectowError:
        return False
    return True
