"""Who beat whom: successes and trials of every attacker against every defender, by behavior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PRIOR = 0.5
"""Successes and failures added to every cell, so that a cell without either has finite odds."""


@dataclass(frozen=True)
class Outcomes:
    """Scored attacks only, as arrays of shape (attackers, defenders, clusters)."""

    attackers: tuple[str, ...]
    defenders: tuple[str, ...]
    successes: Floats
    trials: Floats

    def __post_init__(self) -> None:
        """Shapes fit, and every attacker met every defender.

        Raises:
            ValueError: They do not.
        """
        shape = (len(self.attackers), len(self.defenders))
        if self.successes.shape != self.trials.shape or self.trials.shape[:2] != shape:
            raise ValueError(f"outcomes of shape {self.trials.shape} for {shape} players")
        if not shape[0] or not shape[1] or (self.trials.sum(axis=2) == 0).any():
            raise ValueError("every attacker must have a scored attack against every defender")
        if (self.successes > self.trials).any() or (self.successes < 0).any():
            raise ValueError("a cell has more successes than trials, or fewer than none")

    @classmethod
    def of_counts(
        cls, attackers: Sequence[str], defenders: Sequence[str], successes: Floats, trials: Floats
    ) -> Outcomes:
        """From counts of shape (attackers, defenders), all of one cluster."""
        return cls(
            tuple(attackers),
            tuple(defenders),
            np.asarray(successes, dtype=np.float64)[:, :, None],
            np.asarray(trials, dtype=np.float64)[:, :, None],
        )

    @property
    def rates(self) -> Floats:
        """ASR of every attacker (rows) against every defender (columns)."""
        return np.asarray(self.successes.sum(axis=2) / self.trials.sum(axis=2), dtype=np.float64)

    @property
    def counts(self) -> tuple[Floats, Floats]:
        """Successes and trials of every cell, with the prior that keeps odds finite."""
        return self.successes.sum(axis=2) + PRIOR, self.trials.sum(axis=2) + 2 * PRIOR

    def resampled(self, rng: np.random.Generator) -> Outcomes | None:
        """The outcomes on clusters drawn anew; None where a cell lost all its trials."""
        m = self.trials.shape[2]
        weights = rng.multinomial(m, np.full(m, 1.0 / m)).astype(np.float64)
        trials = self.trials * weights
        if (trials.sum(axis=2) == 0).any():
            return None
        return Outcomes(self.attackers, self.defenders, self.successes * weights, trials)
