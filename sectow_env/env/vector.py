"""`SecTOW-v0` as a native vector environment: one opponent call and one judge call per step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, Unpack, cast

import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from sectow_env.display.card import METADATA, check_render_mode, render
from sectow_env.env.arena import Arena, Options, Seating
from sectow_env.env.observations import Info, opening_info, paid, step_info
from sectow_env.env.single import observe, spaces_of
from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import SEATS
from sectow_env.game.episode_state import EpisodeState

Observations: TypeAlias = dict[str, Any]
"""Batched: texts and images as tuples with one element per environment, seats as int64 array."""
Flags: TypeAlias = NDArray[np.bool_]
Rewards: TypeAlias = NDArray[np.float64]


class SectowVectorEnv(VectorEnv[Observations, Any, NDArray[Any]]):
    """Many episodes at once, equivalent to as many `SectowEnv`s.

    Environment `i` of `reset(seed=s)` plays exactly the episodes of `SectowEnv.reset(seed=s + i)`.

    By default an environment whose episode ended is reset within the same step (one-turn episodes
    would waste every second call otherwise): the observation is the new episode's, and the old one
    is in `info["final_obs"]` and `info["final_info"]`. In `final_info`, `rewards` are float64
    arrays with NaN for unknown rewards, and `sectow_episode` is an object array.

    Args:
        autoreset_mode: `SameStep` (default), `NextStep`, or `Disabled`, where finished environments
            are reset with `reset(options={"reset_mask": mask})`.
        options: See `arena.Options`.

    Raises:
        SectowError: A setting cannot work; or, from `step`, an action does not fit its seat.
    """

    def __init__(
        self,
        num_envs: int = 1,
        seat: Seating = "attacker",
        render_mode: str | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.SAME_STEP,
        **options: Unpack[Options],
    ) -> None:
        check_render_mode(render_mode)
        self.mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**METADATA, "autoreset_mode": self.mode}
        if num_envs < 1:
            raise ConfigError(
                given=f"num_envs={num_envs}",
                why="a vector environment has at least one environment",
                fix="give num_envs=1 or more",
            )
        self.arena = Arena(seat, options)
        self.num_envs = num_envs
        self.seat = seat
        self.render_mode = render_mode
        self.talks = self.arena.max_turns > 1
        spaces = spaces_of(seat, self.talks)
        self.single_observation_space = spaces["observation"]
        self.single_action_space = spaces["action"]
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._rngs: list[np.random.Generator] = []
        self._states: dict[int, EpisodeState] = {}

    @property
    def episode_states(self) -> tuple[EpisodeState, ...]:
        """The states of the current episodes, one per environment; empty before the first reset."""
        return tuple(self._states[index] for index in sorted(self._states))

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observations, Info]:
        """Start an episode in every environment, or in those of a mask.

        Args:
            seed: `s` seeds environment `i` with `s + i`; a sequence gives each its own.
            options: `{"reset_mask": mask}`, bool of shape (num_envs,): resets only these.

        Returns:
            Batched observations, and infos of the environments that were reset.
        """
        mask = _reset_mask(options, self.num_envs)
        if not self._states and not mask.all():
            raise SectowError(
                given="a reset_mask at the first reset",
                why="the environments outside the mask have no episode yet",
                fix="reset all of them first",
            )
        if seed is not None or not self._rngs:
            self._seed(seed, mask)
        infos = self._begin([int(index) for index in np.flatnonzero(mask)])
        self._show()
        return self._observe(), infos

    def step(self, actions: Any) -> tuple[Observations, Rewards, Flags, Flags, Info]:
        """Play one action in each environment.

        Args:
            actions: An element of `action_space`, or a sequence with one action per environment.

        Returns:
            Batched observations; rewards, float64 of shape (num_envs,); terminations and
            truncations, bool of the same shape; infos.
        """
        moves = self.per_env(actions)
        waiting = [
            index
            for index, state in enumerate(self.episode_states)
            if self.mode is AutoresetMode.NEXT_STEP and state.episode is not None
        ]
        playing = [index for index in range(self.num_envs) if index not in set(waiting)]
        self.arena.advance(
            [self._states[index] for index in playing], [moves[index] for index in playing]
        )
        self._show()
        ended = [index for index in playing if self._states[index].episode is not None]
        rewards = np.zeros(self.num_envs, dtype=np.float64)
        terminations = np.zeros(self.num_envs, dtype=np.bool_)
        terminations[ended] = True
        step_infos: dict[int, Info] = {}
        for index in playing:
            state = self._states[index]
            rewards[index] = paid(state, self.arena.paid_seat, self.arena.pay)
            step_infos[index] = step_info(state)
        running = {index: step_infos[index] for index in playing if index not in set(ended)}
        closing = {index: step_infos[index] for index in ended}
        infos = {**self._gather(running), **self._restart(closing, waiting)}
        truncations = np.zeros(self.num_envs, dtype=np.bool_)
        return self._observe(), rewards, terminations, truncations, infos

    def render(self) -> tuple[Any, ...] | None:
        """The episodes as transcripts or cards, by `render_mode`."""
        if self.render_mode is None:
            return None
        return tuple(render(state, self.render_mode) for state in self.episode_states)

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()

    def _restart(self, closing: dict[int, Info], waiting: Sequence[int]) -> Info:
        """Reset according to the autoreset mode, and return the infos of what ended."""
        if not closing:
            return self._begin(waiting)
        ended = list(closing)
        infos = self._gather(closing)
        if self.mode is not AutoresetMode.SAME_STEP:
            return {**infos, **self._begin(waiting)}
        mask = infos["_sectow_episode"]
        last = np.full(self.num_envs, None, dtype=object)
        for index in ended:
            last[index] = observe(self._states[index], self.seat, self.talks)
        final = {"final_obs": last, "_final_obs": mask, "final_info": infos, "_final_info": mask}
        return {**final, **self._begin(ended)}

    def _begin(self, indices: Sequence[int]) -> Info:
        if not indices:
            return {}
        started = self.arena.begin([self._rngs[index] for index in indices])
        opening = {}
        for index, state in zip(indices, started, strict=True):
            self._states[index] = state
            opening[index] = opening_info(state.scenario, state.skipped)
        return self._gather(opening)

    def _observe(self) -> Observations:
        views = [observe(state, self.seat, self.talks) for state in self.episode_states]
        batched: Observations = {key: tuple(view[key] for view in views) for key in views[0]}
        if "seat" in batched:
            batched["seat"] = np.array(batched["seat"], dtype=np.int64)
        return batched

    def _gather(self, infos: dict[int, Info]) -> Info:
        """Infos of some environments as one info of arrays; the mask `_key` marks who has it."""
        gathered: Info = {}
        for key in dict.fromkeys(key for info in infos.values() for key in info):
            values = {index: info[key] for index, info in infos.items() if key in info}
            mask = np.zeros(self.num_envs, dtype=np.bool_)
            mask[list(values)] = True
            gathered[key] = self._rewards(values) if key == "rewards" else self._column(values)
            gathered[f"_{key}"] = mask
        return gathered

    def _rewards(self, values: dict[int, Any]) -> dict[str, Rewards]:
        columns: dict[str, Rewards] = {}
        for seat in SEATS:
            columns[seat] = np.full(self.num_envs, np.nan)
            for index, rewards in values.items():
                if rewards[seat] is not None:
                    columns[seat][index] = rewards[seat]
        return columns

    def _column(self, values: dict[int, Any]) -> NDArray[Any]:
        kind = type(next(iter(values.values())))
        plain = kind in {bool, int}
        column = np.zeros(self.num_envs, kind) if plain else np.full(self.num_envs, None, object)
        for index, value in values.items():
            column[index] = value
        return column

    def per_env(self, actions: Any) -> list[object]:
        """The actions as a list with one for each environment.

        Raises:
            SectowError: No episode was started, or they are not that many.
        """
        if not self._states:
            raise SectowError(
                given="a step of environments without an episode",
                why="they have not been reset",
                fix="call reset first",
            )
        if isinstance(actions, Mapping):
            columns = {key: self._sized(column) for key, column in actions.items()}
            return [
                {key: column[index] for key, column in columns.items()}
                for index in range(self.num_envs)
            ]
        return list(self._sized(actions))

    def _sized(self, column: Any) -> Sequence[Any]:
        if isinstance(column, (list, tuple, np.ndarray)) and len(column) == self.num_envs:
            return cast("Sequence[Any]", column)
        many = f"{len(column)} actions" if hasattr(column, "__len__") else "actions"
        raise SectowError(
            given=f"{many} for {self.num_envs} environments",
            why=f"{type(column).__name__} is not one action for each of {self.num_envs}",
            fix="give an element of action_space, or a list with one action each",
        )

    def _seed(self, seed: int | Sequence[int | None] | None, mask: Flags) -> None:
        seeds: Sequence[int | None]
        if seed is None:
            seeds = [None] * self.num_envs
        elif isinstance(seed, int):
            seeds = [seed + index for index in range(self.num_envs)]
        else:
            seeds = seed
        if len(seeds) != self.num_envs:
            raise SectowError(
                given=f"{len(seeds)} seeds for {self.num_envs} environments",
                why="each environment has its own generator",
                fix="give one seed per environment, or a single seed",
            )
        fresh = [seeding.np_random(value)[0] for value in seeds]
        # As in a single environment, None continues with the existing generator.
        self._rngs = [
            new if value is not None and selected else old
            for value, selected, new, old in zip(
                seeds, mask, fresh, self._rngs or fresh, strict=True
            )
        ]


def _autoreset_mode(given: str | AutoresetMode) -> AutoresetMode:
    try:
        return AutoresetMode(given)
    except ValueError as error:
        raise ConfigError(
            given=f"autoreset_mode={given!r}",
            why="it is not an autoreset mode",
            fix=f"choose among {', '.join(repr(mode.value) for mode in AutoresetMode)}",
        ) from error


def _reset_mask(options: dict[str, Any] | None, num_envs: int) -> Flags:
    mask = (options or {}).get("reset_mask")
    if mask is None:
        return np.ones(num_envs, dtype=np.bool_)
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (num_envs,):
        raise SectowError(
            given=f"reset_mask={mask!r}",
            why=f"a mask is a bool array of shape ({num_envs},)",
            fix="give such an array, or leave it out to reset all",
        )
    return mask
