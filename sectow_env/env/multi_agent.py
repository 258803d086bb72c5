"""The game for PettingZoo: both seats are agents. The Parallel form is derived from AEC."""

from __future__ import annotations

from typing import Any, Unpack

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from pettingzoo.utils.conversions import turn_based_aec_to_parallel_wrapper
from pettingzoo.utils.env import AECEnv, ParallelEnv
from pettingzoo.utils.wrappers import OrderEnforcingWrapper

from sectow_env.display.card import METADATA, check_render_mode, render
from sectow_env.env.arena import Arena, Options
from sectow_env.env.observations import (
    Observation,
    attack_view,
    conversation_view,
    opening_info,
    paid,
    scenario_view,
    step_info,
)
from sectow_env.env.spaces import attack_space, response_space, scenario_space, with_conversation
from sectow_env.errors import SectowError
from sectow_env.game import Seat
from sectow_env.game.conversation import history_of
from sectow_env.game.episode_state import EpisodeState, started
from sectow_env.game.picture import Pixels

AGENTS: tuple[str, str] = ("attacker_0", "defender_0")
AEC_METADATA = {**METADATA, "name": "SecTOW-v0", "is_parallelizable": False}
PARALLEL_METADATA = {**AEC_METADATA, "is_parallelizable": True}
SEAT_OF: dict[str, Seat] = {"attacker_0": "attacker", "defender_0": "defender"}


class SectowAEC(AECEnv[str, Observation, Any]):
    """First `attacker_0` acts with `image` and `query`, then `defender_0` with a response, a str.

    With `max_turns` above 1 they continue in turn, and both observe the `conversation` so far. Both
    agents are done together: after the response, or right after an invalid attack. An unknown
    reward is 0.0 here, and `infos[agent]["scored"]` is False. At the end `infos` has for both
    agents what `SectowEnv` has in its last `info`.

    Args:
        render_mode: `human` (the terminal, at every move), `ansi`, `rgb_array` or None.
        options: See `arena.Options`; both seats are agents, so no opponent can be given.

    Raises:
        SectowError: A setting cannot work; or, from `step`, an action does not fit its agent.
    """

    metadata = AEC_METADATA

    def __init__(self, render_mode: str | None = None, **options: Unpack[Options]) -> None:
        check_render_mode(render_mode)
        self.render_mode = render_mode
        self.arena = Arena("both", options)
        self.possible_agents = list(AGENTS)
        seen = {"attacker_0": scenario_space(), "defender_0": attack_space()}
        self.talks = self.arena.max_turns > 1
        self.observation_spaces = {
            agent: with_conversation(space) if self.talks else space
            for agent, space in seen.items()
        }
        self.action_spaces = {"attacker_0": attack_space(), "defender_0": response_space()}
        self.agents: list[str] = []
        self._rng: np.random.Generator | None = None
        self._state: EpisodeState | None = None

    def observation_space(self, agent: str) -> gym.Space[Any]:
        """The agent's observation space; the same object at every call."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gym.Space[Any]:
        """The agent's action space; the same object at every call."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Draw a scenario.

        Args:
            seed: Seeds the environment's own generator; None continues with it.
            options: Not used.
        """
        if seed is not None or self._rng is None:
            self._rng, _ = seeding.np_random(seed)
        (self._state,) = self.arena.begin([self._rng])
        self.agents = list(AGENTS)
        self.agent_selection = AGENTS[0]
        self._skip_agent_selection = None  # type: ignore[assignment]  # upstream: nobody
        self.rewards = dict.fromkeys(AGENTS, 0.0)
        self._cumulative_rewards = dict.fromkeys(AGENTS, 0.0)
        self.terminations = dict.fromkeys(AGENTS, False)
        self.truncations = dict.fromkeys(AGENTS, False)
        self.infos = {agent: opening_info(self.episode_state.scenario, 0) for agent in AGENTS}
        self._show()

    @property
    def episode_state(self) -> EpisodeState:
        """The state of the current episode; raises SectowError before the first one."""
        return started(self._state)

    def observe(self, agent: str) -> Observation:
        """What the agent sees; the defender sees an empty attack until there is one."""
        if SEAT_OF[agent] == "attacker":
            seen = scenario_view(self.episode_state.scenario)
        else:
            seen = attack_view(self.episode_state.attack)
        if self.talks:
            seen["conversation"] = conversation_view(history_of(self.episode_state.played))
        return seen

    def step(self, action: Any) -> None:
        """Play the selected agent's action; None once the agent is done."""
        agent = self.agent_selection
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        self.arena.advance([self.episode_state], [action])
        self._clear_rewards()
        self._cumulative_rewards[agent] = 0.0
        self.rewards = {
            each: paid(self.episode_state, SEAT_OF[each], self.arena.pay) for each in AGENTS
        }
        self.infos = {each: step_info(self.episode_state) for each in AGENTS}
        self._accumulate_rewards()
        self._show()
        if self.episode_state.episode is None:
            self.agent_selection = next(
                a for a in AGENTS if SEAT_OF[a] == self.episode_state.to_move
            )
            return
        self.terminations = dict.fromkeys(AGENTS, True)
        self._deads_step_first()

    def render(self) -> str | Pixels | None:
        """The episode as a transcript or a card, by `render_mode`."""
        return render(self._state, self.render_mode)

    def close(self) -> None:
        """Nothing to release."""

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()


class SectowParallel(turn_based_aec_to_parallel_wrapper[str, Observation, Any]):
    """The AEC game in parallel form: each step plays the agent whose move it is.

    The first step uses the action of `attacker_0`, the second that of `defender_0`; the other
    agent's action is ignored and may be left out. Whose move is next is in `infos` as
    `active_agent`; `unwrapped` is the AEC form.
    """

    def __init__(self, render_mode: str | None = None, **options: Unpack[Options]) -> None:
        self.aec = SectowAEC(render_mode, **options)
        super().__init__(self.aec)
        self.metadata = PARALLEL_METADATA
        self.agents: list[str] = []

    def step(self, actions: dict[str, Any]) -> Any:
        """Play the action of the agent whose move it is.

        Raises:
            SectowError: The episode is over, or that agent's action is missing.
        """
        mover = self.aec.agent_selection if self.agents else "anyone"
        if mover not in actions:
            raise SectowError(
                given=f"actions of {', '.join(actions) or 'nobody'}",
                why="the episode is over" if not self.agents else f"it is the move of {mover}",
                fix="call reset first" if not self.agents else f"give an action for {mover}",
            )
        upstream: Any = super().step
        return upstream(actions)


def aec_env(render_mode: str | None = None, **options: Unpack[Options]) -> AECEnv[str, Any, Any]:
    """The game as a PettingZoo AEC environment that enforces the order of calls."""
    return OrderEnforcingWrapper(SectowAEC(render_mode, **options))


def parallel_env(
    render_mode: str | None = None, **options: Unpack[Options]
) -> ParallelEnv[str, Any, Any]:
    """The game as a PettingZoo Parallel environment."""
    return SectowParallel(render_mode, **options)
