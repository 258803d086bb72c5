"""How far is the game from "everybody is simply stronger or weaker"?

In a game of two populations a transitive table is additive in log-odds: strength of the attacker
minus strength of the defender. The index is the share of the variance of log-odds (after the mean)
that no such table explains: 0 for a transitive one, 1 where all depends on who meets whom, as in
rock, paper, scissors. Chance alone makes it positive, so it stands beside what a transitive game of
the same size would show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sectow_benchmarks.ratings.bradley_terry import strengths
from sectow_benchmarks.ratings.outcomes import PRIOR, Floats, Outcomes

DRAWS = 500
_STREAM = 20250726


@dataclass(frozen=True)
class Cyclicity:
    """The index, and what chance would make of a transitive game."""

    index: float
    """In [0, 1]; NaN where all cells are alike and there is nothing to explain."""
    by_chance: float
    """95th percentile of the index among simulated transitive games with the same trials; NaN where
    none of them has anything to explain."""

    @property
    def cyclic(self) -> bool:
        """Whether there is more of it than chance explains."""
        return self.index > self.by_chance


def cyclicity(outcomes: Outcomes, *, seed: int = 0, draws: int = DRAWS) -> Cyclicity:
    """The cyclicity index of a table of outcomes.

    Args:
        outcomes: Who beat whom.
        seed: Of the simulation.
        draws: Simulated transitive games. Trials are taken for independent in them.
    """
    wins, trials = outcomes.counts
    fitted = strengths(outcomes)
    rows = len(outcomes.attackers)
    chances = 1.0 / (1.0 + np.exp(fitted[rows:][None, :] - fitted[:rows][:, None]))
    rng = np.random.Generator(np.random.PCG64([_STREAM, seed]))
    whole = np.rint(trials - 2 * PRIOR).astype(int)
    games = (rng.binomial(whole, chances).astype(np.float64) + PRIOR for _ in range(draws))
    found_by_chance = [unexplained(game, trials) for game in games]
    known = [index for index in found_by_chance if not math.isnan(index)]
    by_chance = float(np.quantile(known, 0.95)) if known else math.nan
    return Cyclicity(unexplained(wins, trials), by_chance)


def unexplained(wins: Floats, trials: Floats) -> float:
    """Share of the variance of the cells' log-odds that rows and columns do not explain."""
    odds = np.log(wins) - np.log(trials - wins)
    spread = odds - odds.mean()
    total = float(np.sum(spread**2))
    if total < 1e-12:
        return math.nan
    left: Floats = odds - odds.mean(axis=1, keepdims=True) - odds.mean(axis=0) + odds.mean()
    return float(np.sum(left**2)) / total
