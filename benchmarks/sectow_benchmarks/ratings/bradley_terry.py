"""Bradley-Terry ratings of two populations (Bradley and Terry 1952).

The chance that attacker a succeeds against defender d is sigmoid(strength_a - strength_d). Both
populations are on one scale in logits; the mean over all players is 0. Half a success and half a
failure are added to every cell, so that a player that never lost has a finite rating. Intervals are
by resampling behaviors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sectow_benchmarks.ratings.outcomes import Floats, Outcomes
from sectow_benchmarks.stats.estimate import LEVEL
from sectow_env.game import Seat

DRAWS = 200
_STREAM = 20250725


@dataclass(frozen=True)
class Rating:
    """One player's strength in logits; higher is stronger, in either seat."""

    name: str
    seat: Seat
    strength: float
    low: float
    """NaN where there is one cluster only: nothing can be resampled."""
    high: float


@dataclass(frozen=True)
class Ratings:
    """All players, attackers first."""

    players: tuple[Rating, ...]

    def strength(self, name: str, seat: Seat) -> float:
        """The strength of a player."""
        return next(
            player.strength for player in self.players if (player.name, player.seat) == (name, seat)
        )


def bradley_terry(outcomes: Outcomes, *, seed: int = 0, draws: int = DRAWS) -> Ratings:
    """Rate all attackers and defenders."""
    fitted = strengths(outcomes)
    rng = np.random.Generator(np.random.PCG64([_STREAM, seed]))
    fits = []
    if outcomes.trials.shape[2] > 1:
        again = (outcomes.resampled(rng) for _ in range(draws))
        fits = [strengths(sample) for sample in again if sample is not None]
    low, high = np.full(len(fitted), np.nan), np.full(len(fitted), np.nan)
    if fits:
        tail = (1.0 - LEVEL) / 2
        low, high = np.quantile(fits, [tail, 1.0 - tail], axis=0)
    names = [(name, "attacker") for name in outcomes.attackers]
    names += [(name, "defender") for name in outcomes.defenders]
    return Ratings(
        tuple(
            Rating(name, "attacker" if seat == "attacker" else "defender", *map(float, numbers))
            for (name, seat), *numbers in zip(names, fitted, low, high, strict=True)
        )
    )


def strengths(outcomes: Outcomes) -> Floats:
    """Maximum likelihood strengths, attackers first: shape (attackers + defenders,)."""
    from scipy.optimize import minimize

    wins, trials = outcomes.counts
    rows, columns = wins.shape

    def loss(strength: Floats) -> tuple[float, Floats]:
        """Negative log-likelihood and its gradient."""
        gaps = strength[:rows, None] - strength[None, rows:]
        log_wins, log_losses = -np.logaddexp(0.0, -gaps), -np.logaddexp(0.0, gaps)
        surplus = trials * np.exp(log_wins) - wins
        slope = np.concatenate([surplus.sum(axis=1), -surplus.sum(axis=0)])
        total = float(np.sum(wins * log_wins + (trials - wins) * log_losses))
        return -total / trials.sum(), slope / trials.sum()

    result = minimize(
        loss,
        np.zeros(rows + columns),
        jac=True,
        method="BFGS",
        options={"gtol": 1e-9},
    )
    raw = np.asarray(result.x, dtype=np.float64)
    # Only differences are known, so the mean is taken off.
    return np.asarray(raw - raw.mean(), dtype=np.float64)
