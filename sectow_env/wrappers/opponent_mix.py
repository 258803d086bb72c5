"""Play against several opponents: one is drawn for every turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym

from sectow_env.errors import ConfigError
from sectow_env.game import Attacker, Defender
from sectow_env.policies.mixed import MixedAttacker, MixedDefender
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.wrappers.base import SectowWrapper


class OpponentMix(SectowWrapper):
    """Replaces the opponent by a mix, such as snapshots of earlier rounds.

    The draw depends on the episode's seed alone. In a defender's environment the scenarios are on
    channels that all of the opponents serve. For the vector environment give a
    `policies.mixed.MixedDefender` or `MixedAttacker` as opponent.

    Args:
        env: A `SectowEnv`, in one seat.
        opponents: Policies, by name or as objects.
        weights: Their probabilities, on any scale; default: equal.

    Raises:
        ConfigError: The player has both seats, or the weights are invalid.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        opponents: Sequence[str | Attacker | Defender],
        weights: Sequence[float] | None = None,
    ) -> None:
        if isinstance(opponents, str) or not isinstance(opponents, Sequence):
            raise ConfigError(
                given=f"opponents={opponents!r}",
                why="it is a single opponent, not a list of them",
                fix=f"give opponents=[{opponents!r}]",
            )
        super().__init__(env, opponents=list(opponents), weights=weights)
        arena = self.base.arena
        given: Any = list(opponents)
        if arena.seating == "defender":
            arena.opponent = MixedAttacker(
                [find_attacker(policy, arena.world) for policy in given], weights
            )
        else:
            arena.opponent = MixedDefender(
                [find_defender(policy, arena.world) for policy in given], weights
            )
