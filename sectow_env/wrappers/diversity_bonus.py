"""Reward an attacker for new kinds of success."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, SupportsFloat

import gymnasium as gym

from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Episode
from sectow_env.game.success import is_success
from sectow_env.wrappers.base import SectowWrapper


class DiversityBonus(SectowWrapper):
    """Adds `weight / sqrt(1 + n)` to the reward of a success whose kind was seen `n` times before.

    The count-based exploration bonus, for successes only. A kind is channel and frame if they are
    known; for a free-form attack, its query and whether it has a picture. The bonus is in
    `info["diversity_bonus"]`; the episode itself is not changed.

    Args:
        env: A `SectowEnv` in the attacker's seat or in both.
        weight: Of the bonus for the first success of a kind, 0 or more.

    Raises:
        ConfigError: The seat is the defender's, or the weight is below 0.
    """

    def __init__(self, env: gym.Env[Any, Any], weight: float = 0.5) -> None:
        super().__init__(env, weight=weight)
        if self.base.seat == "defender" or not 0 <= weight < math.inf:
            raise ConfigError(
                given=f"DiversityBonus with weight={weight} in the seat {self.base.seat!r}",
                why="it pays an attacker at least 0 for new successes",
                fix="take seat='attacker' or 'both', and a weight of at least 0",
            )
        self.weight = weight
        self.successes: Counter[str] = Counter()
        """Successes so far, by kind."""

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """As the environment's, with the bonus added."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        episode = info.get("sectow_episode")
        bonus = self._bonus(episode) if isinstance(episode, Episode) else 0.0
        extended = {**info, "diversity_bonus": bonus}
        return observation, float(reward) + bonus, terminated, truncated, extended

    def _bonus(self, episode: Episode) -> float:
        turn = episode.turns[-1]
        if not is_success(turn, episode.verdicts[-1]):
            return 0.0
        kind = _kind(turn.attack)
        bonus = self.weight / math.sqrt(1.0 + self.successes[kind])
        self.successes[kind] += 1
        return bonus


def _kind(attack: Attack) -> str:
    if attack.frame is not None:
        return f"{attack.channel}/{attack.frame}"
    return f"{attack.image is not None} {' '.join(attack.query.casefold().split())}"
