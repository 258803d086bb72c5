"""`SecTOW-v0` for Gymnasium: one episode at a time, from one seat or from both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict, Unpack

import gymnasium as gym

from sectow_env.display.card import METADATA, check_render_mode, render
from sectow_env.env.arena import Arena, Options, Seating
from sectow_env.env.observations import (
    Info,
    Observation,
    attack_view,
    both_view,
    conversation_view,
    opening_info,
    paid,
    scenario_view,
    step_info,
)
from sectow_env.env.spaces import (
    attack_space,
    both_action_space,
    both_observation_space,
    response_space,
    scenario_space,
    with_conversation,
)
from sectow_env.game import Scenario
from sectow_env.game.conversation import history_of
from sectow_env.game.episode_state import EpisodeState, started
from sectow_env.game.picture import Pixels


class Spaces(TypedDict):
    """The spaces of a seat."""

    observation: gym.Space[Any]
    action: gym.Space[Any]


def spaces_of(seating: Seating, talks: bool = False) -> Spaces:
    """The observation and action space of a seat.

    Args:
        seating: The seat.
        talks: Whether episodes have several turns, so that the conversation is observed too.
    """
    seen, action = _SPACES[seating]
    return {"observation": with_conversation(seen()) if talks else seen(), "action": action()}


_SPACES: Mapping[Seating, tuple[Callable[[], gym.spaces.Dict], Callable[[], gym.Space[Any]]]] = {
    "attacker": (scenario_space, attack_space),
    "defender": (attack_space, response_space),
    "both": (both_observation_space, both_action_space),
}


def observe(state: EpisodeState, seating: Seating, talks: bool = False) -> Observation:
    """What the player of a seat sees of an episode; a new object at every call."""
    if seating == "attacker":
        seen = scenario_view(state.scenario)
    elif seating == "defender":
        seen = attack_view(state.attack)
    else:
        seen = both_view(state.scenario, state.attack, state.to_move)
    if talks:
        seen["conversation"] = conversation_view(history_of(state.played))
    return seen


class SectowEnv(gym.Env[Observation, Any]):
    """The game from one seat; a frozen policy takes the other.

    - `seat="attacker"`: you see a scenario (`behavior`, `channel`, seed `image` and `query`) and
      act with `image` and `query`. One step.
    - `seat="defender"`: you see the attack (`image`, `query`) and act with your response, a str.
      One step. Invalid attacks of the opponent are skipped and counted in `info`.
    - `seat="both"`: first the attack, then the response, in one fixed action space of `image`,
      `query` and `response`; keys of the idle seat are ignored. Two steps, or one when the attack
      is invalid. You are paid as the attacker.

    With `max_turns` above 1 an episode continues until the response gives what was asked for, an
    attack is invalid or the turns are used up; each turn has as many steps as above, and every
    observation has the `conversation` so far.

    An image is an array (height, width, 3) uint8, or `NO_IMAGE`. Instead of a mapping an action
    may be an `Attack`, as text policies make them (see `wrappers.TextAction`).

    The reward is that of your seat. An episode that the judge could not score pays 0.0, with
    `info["rewards"][seat]` None and `info["scored"]` False: leave it out of averages. At the end
    `info` holds the whole `Episode` as `sectow_episode`, `rewards` of both seats, `reward_parts`.

    Args:
        seat: `attacker`, `defender` or `both`.
        render_mode: `human` (the terminal), `ansi`, `rgb_array` or None.
        options: See `arena.Options`: world, split, channels, labels, opponent, judge, reward ...

    Raises:
        SectowError: A setting cannot work; or, from `step`, an action does not fit its seat.
    """

    metadata = METADATA

    def __init__(
        self,
        seat: Seating = "attacker",
        render_mode: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        check_render_mode(render_mode)
        self.arena = Arena(seat, options)
        self.seat = seat
        self.render_mode = render_mode
        self.talks = self.arena.max_turns > 1
        spaces = spaces_of(seat, self.talks)
        self.observation_space = spaces["observation"]
        self.action_space = spaces["action"]
        self._state: EpisodeState | None = None

    @property
    def episode_state(self) -> EpisodeState:
        """The state of the current episode; raises SectowError before the first one."""
        return started(self._state)

    @property
    def scenario(self) -> Scenario:
        """The scenario of the current episode; a defender must not look at it."""
        return self.episode_state.scenario

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        """Draw a scenario; for a defender also let the opponent attack.

        Args:
            seed: Seeds the environment's own generator; None continues with it.
            options: Not used.
        """
        super().reset(seed=seed)
        (self._state,) = self.arena.begin([self.np_random])
        info = opening_info(self._state.scenario, self._state.skipped)
        if self.render_mode == "human":
            self.render()
        return observe(self._state, self.seat, self.talks), info

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, Info]:
        """Play one action; see the class for its form."""
        state = self.episode_state
        self.arena.advance([state], [action])
        if self.render_mode == "human":
            self.render()
        reward = paid(state, self.arena.paid_seat, self.arena.pay)
        observation = observe(state, self.seat, self.talks)
        return observation, reward, state.episode is not None, False, step_info(state)

    def render(self) -> str | Pixels | None:
        """The episode as a transcript or a card, by `render_mode`."""
        return render(self._state, self.render_mode)
