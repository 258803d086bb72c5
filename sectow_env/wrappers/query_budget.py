"""A limit on the number of queries to the defender."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym

from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import Attack, Invalid
from sectow_env.wrappers.base import SectowWrapper, attacks_from


class BudgetSpentError(SectowError):
    """Raised by `reset` when no query is left."""


class QueryBudget(SectowWrapper):
    """Counts the attacks that reach the defender; once spent, `reset` raises `BudgetSpentError`.

    An invalid attack does not reach the defender and costs nothing. Within an episode of several
    turns an attack beyond the budget is invalid (`off_budget`), so that the episode ends. The rest
    of the budget is in `info["queries_left"]`.

    Args:
        env: A `SectowEnv` in the attacker's seat or in both.
        queries: The budget, over all episodes.

    Raises:
        ConfigError: The seat is the defender's, or the budget is below 1.
    """

    def __init__(self, env: gym.Env[Any, Any], queries: int) -> None:
        super().__init__(env, queries=queries)
        attacks_from(self.base, "QueryBudget")
        if not isinstance(queries, int) or isinstance(queries, bool) or queries < 1:
            raise ConfigError(
                given=f"queries={queries}",
                why="without a query nothing can be played",
                fix="give a whole number, at least 1",
            )
        self.queries = queries
        self.left = queries
        """Queries left."""

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
        """As the environment's; counts the attack if it reached the defender."""
        state = self.base.episode_state
        attacking = state.to_move == "attacker"
        if attacking and self.left == 0:
            action = Attack(query="", invalid=Invalid.OFF_BUDGET)
        observation, reward, terminated, truncated, info = self.env.step(action)
        if attacking and state.attack is not None and state.attack.invalid is None:
            self.left -= 1
        return observation, reward, terminated, truncated, {**info, "queries_left": self.left}
