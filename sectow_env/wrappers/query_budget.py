"""A limit on how often the defender may be asked."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym

from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import Attack, Invalid
from sectow_env.wrappers.base import SectowWrapper, attacks_from


class BudgetSpentError(SectowError):
    """Raised when an episode is begun after the last query was asked."""


class QueryBudget(SectowWrapper):
    """Counts what reaches the defender; when nothing is left, `reset` raises `BudgetSpentError`.

    An attack that is invalid reaches no defender and costs nothing. Within an episode of several
    turns an attack beyond the budget is invalid (`off_budget`), so that the episode ends. What is
    left stands in `info["queries_left"]`.

    Args:
        env: A `SectowEnv` in the attacker's seat or in both.
        queries: How many, over all episodes.

    Raises:
        ConfigError: The seat is the defender's, or there is no query at all.
    """

    def __init__(self, env: gym.Env[Any, Any], queries: int) -> None:
        super().__init__(env, queries=queries)
        attacks_from(self.base, "QueryBudget")
        if not isinstance(queries, int) or isinstance(queries, bool) or queries < 1:
            raise ConfigError(
                given=f"queries={queries}",
                why="without a query nothing can be played",
                fix="give a whole number from 1 on",
            )
        self.queries = queries
        self.left = queries
        """Queries that may still be asked."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """As the environment's.

        Raises:
            BudgetSpentError: No query is left.
        """
        if self.left == 0:
            raise BudgetSpentError(
                given=f"an episode after {self.queries} queries",
                why="the budget of queries is spent",
                fix="stop here, or give QueryBudget more queries",
            )
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, {**info, "queries_left": self.left}

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """As the environment's; counts the attack where it reached the defender."""
        state = self.base.episode_state
        attacking = state.to_move == "attacker"
        if attacking and self.left == 0:
            action = Attack(query="", invalid=Invalid.OFF_BUDGET)
        observation, reward, terminated, truncated, info = self.env.step(action)
        if attacking and state.attack is not None and state.attack.invalid is None:
            self.left -= 1
        return observation, reward, terminated, truncated, {**info, "queries_left": self.left}
