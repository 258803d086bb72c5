"""Judge equal turns only once."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from sectow_env.errors import ConfigError
from sectow_env.judges.cached import SIZE, CachedJudge
from sectow_env.wrappers.base import SectowWrapper


class JudgeCache(SectowWrapper):
    """Puts a `judges.cached.CachedJudge` in front of the environment's judge.

    It keeps verdicts in memory. For the vector environment give such a judge as `judge=`. A judge
    behind an endpoint caches its answers on disk itself.

    Args:
        env: A `SectowEnv`, wrapped or not.
        size: Number of verdicts kept, at least 1.

    Raises:
        ConfigError: It is not a `SectowEnv`, or the size is below 1.
    """

    def __init__(self, env: gym.Env[Any, Any], size: int = SIZE) -> None:
        super().__init__(env, size=size)
        if size < 1:
            raise ConfigError(
                given=f"size={size}",
                why="a cache keeps at least one verdict",
                fix="give a size of at least 1, or leave the wrapper out",
            )
        self.cache = CachedJudge(self.base.arena.judge, size)
        self.base.arena.judge = self.cache
