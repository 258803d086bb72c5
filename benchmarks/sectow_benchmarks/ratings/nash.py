"""Nash averaging (Balduzzi and others 2018): ratings that copies of a player cannot change.

The attacker picks an attacker, the defender a defender, and the attacker is paid the ASR. Players
are rated by how they do against the other side's equilibrium of this zero-sum game. Of several
equilibria the one of maximum entropy is taken, so that equals share their weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sectow_benchmarks.ratings.outcomes import Floats

SLACK = 1e-9
"""How much of the game's value an equilibrium may give away."""


@dataclass(frozen=True)
class NashAverage:
    """The equilibrium and what everybody gets against it."""

    value: float
    """ASR when both sides play the equilibrium."""
    attackers: Floats
    """Weight of each attacker in the equilibrium; sums to 1."""
    defenders: Floats
    attacker_scores: Floats
    """ASR of each attacker against the equilibrium of defenders; higher is stronger."""
    defender_scores: Floats
    """ASR of the equilibrium of attackers against each defender; lower is stronger."""


def nash_average(rates: Floats) -> NashAverage:
    """Rate attackers and defenders by the maximum-entropy equilibrium.

    Args:
        rates: ASR of each attacker (rows) against each defender (columns).

    Raises:
        ValueError: There is no player on one side, or a rate is missing.
    """
    table = np.asarray(rates, dtype=np.float64)
    if table.ndim != 2 or not table.size or np.isnan(table).any():
        raise ValueError("rates are a table without gaps, a row an attacker, a column a defender")
    value, start = _solve(table)
    _, other = _solve(-table.T)
    attackers = _most_even(table, value, start)
    defenders = _most_even(-table.T, -value, other)
    return NashAverage(
        value=value,
        attackers=attackers,
        defenders=defenders,
        attacker_scores=table @ defenders,
        defender_scores=attackers @ table,
    )


def _solve(table: Floats) -> tuple[float, Floats]:
    """The value of the game for the player of the rows, and one best mixture of rows."""
    from scipy.optimize import linprog

    rows, columns = table.shape
    # Variables: the mixture, then the value that every column must leave.
    result = linprog(
        c=[0.0] * rows + [-1.0],
        A_ub=np.column_stack([-table.T, np.ones(columns)]),
        b_ub=np.zeros(columns),
        A_eq=[[1.0] * rows + [0.0]],
        b_eq=[1.0],
        bounds=[(0.0, 1.0)] * rows + [(None, None)],
        method="highs",
    )
    assert result.x is not None, "a bounded game has a value"
    return float(result.x[-1]), np.asarray(result.x[:rows], dtype=np.float64)


def _most_even(table: Floats, value: float, start: Floats) -> Floats:
    """The mixture of largest entropy among those that are worth the value."""
    from scipy.optimize import LinearConstraint, minimize

    rows, columns = table.shape
    constraints = [
        LinearConstraint(np.ones((1, rows)), 1.0, 1.0),
        LinearConstraint(table.T, np.full(columns, value - SLACK), np.full(columns, np.inf)),
    ]

    def disorder(mixture: Floats) -> float:
        return float(np.sum(mixture * np.log(np.clip(mixture, 1e-300, None))))

    def slope(mixture: Floats) -> Floats:
        return np.asarray(np.log(np.clip(mixture, 1e-12, None)) + 1.0)

    result = minimize(
        disorder,
        np.clip(0.9 * start + 0.1 / rows, 0.0, 1.0),
        jac=slope,
        bounds=[(0.0, 1.0)] * rows,
        constraints=constraints,
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    even = np.clip(np.asarray(result.x, dtype=np.float64), 0.0, None)
    even = even / even.sum()
    worth = float((even @ table).min())
    # A solver that stopped short must not give away the game.
    return even if worth >= value - 1e-6 else start
