"""Rules, judge and prices of one game, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sectow_env.game.contracts import Defender, Judge, RewardFunction
from sectow_env.game.play import play, settle
from sectow_env.game.records import Attack, Episode, Scenario, Turn
from sectow_env.game.world import World


@dataclass(frozen=True)
class Referee:
    """The world's rules, the judge and the prices: the same for training, pool and monitor."""

    world: World
    judge: Judge
    reward: RewardFunction
    context: Any = None
    """What the reward function may know besides; see `sectow_env.game.rewards.RewardContext`."""

    def play(
        self,
        scenarios: Sequence[Scenario],
        attacks: Sequence[Attack],
        defender: Defender,
        seeds: Sequence[int] | None = None,
    ) -> list[Episode]:
        """Play attacks against a defender, to the rewards."""
        rules = self.world.rules
        return play(
            scenarios, attacks, defender, self.judge, rules, self.reward, self.context, seeds
        )

    def settle(self, turns: Sequence[Turn]) -> list[Episode]:
        """Judge and price turns that are already answered."""
        return settle(turns, self.judge, self.reward, self.context)
