"""Ratings: known games come out, copies and order change nothing, cycles are seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sectow_benchmarks.ratings import Outcomes, bradley_terry, cyclicity, nash_average
from sectow_benchmarks.ratings.bradley_terry import strengths

tables = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    elements=st.floats(0.0, 1.0).map(lambda share: round(share, 3)),
)
ROCK_PAPER_SCISSORS = np.array([[0.5, 0.0, 1.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.5]])


def outcomes(rates: np.ndarray, trials: int = 100) -> Outcomes:
    rows, columns = rates.shape
    names = tuple(f"a{i}" for i in range(rows)), tuple(f"d{i}" for i in range(columns))
    return Outcomes.of_counts(*names, np.rint(rates * trials), np.full(rates.shape, float(trials)))


def transitive(attackers: list[float], defenders: list[float], trials: int) -> Outcomes:
    gaps = np.array(attackers)[:, None] - np.array(defenders)[None, :]
    return outcomes(1 / (1 + np.exp(-gaps)), trials)


def test_strengths_come_back_from_their_own_table() -> None:
    result = bradley_terry(transitive([1.0, 0.0], [0.5, -0.5, -1.0], 100_000))
    assert result.strength("a0", "attacker") - result.strength("a1", "attacker") == pytest.approx(
        1.0, abs=1e-2
    )
    assert result.strength("d0", "defender") - result.strength("d2", "defender") == pytest.approx(
        1.5, abs=1e-2
    )
    assert sum(player.strength for player in result.players) == pytest.approx(0.0, abs=1e-9)


def test_a_pair_has_the_log_odds_of_its_rate() -> None:
    """Computed apart: 30 and a half of 41 against one defender."""
    result = strengths(outcomes(np.array([[0.75]]), 40))
    assert result[0] - result[1] == pytest.approx(math.log(30.5 / 10.5))


def test_who_never_lost_has_a_finite_rating() -> None:
    result = bradley_terry(outcomes(np.array([[1.0, 1.0], [0.0, 0.5]])))
    assert all(math.isfinite(player.strength) for player in result.players)
    assert result.strength("a0", "attacker") > result.strength("a1", "attacker")


def test_intervals_hold_the_value_and_ignore_no_cluster() -> None:
    rng = np.random.default_rng(2)
    trials = np.full((2, 2, 30), 4.0)
    chances = np.clip(rng.normal([[0.3], [0.6]], 0.25, size=(2, 2, 30)), 0, 1)
    wins = rng.binomial(4, chances).astype(float)
    result = bradley_terry(Outcomes(("a", "b"), ("x", "y"), wins, trials), draws=100)
    assert all(player.low < player.strength < player.high for player in result.players)
    together = Outcomes.of_counts(("a", "b"), ("x", "y"), wins.sum(axis=2), trials.sum(axis=2))
    assert all(math.isnan(player.low) for player in bradley_terry(together).players)


def test_rock_paper_scissors_is_a_tie_of_equals() -> None:
    result = nash_average(ROCK_PAPER_SCISSORS)
    assert result.value == pytest.approx(0.5)
    assert result.attackers == pytest.approx(np.full(3, 1 / 3), abs=1e-4)
    assert result.attacker_scores == pytest.approx(np.full(3, 0.5), abs=1e-4)


def test_a_player_that_is_worse_everywhere_has_no_weight() -> None:
    result = nash_average(np.array([[0.9, 0.2], [0.1, 0.8], [0.05, 0.1]]))
    # By hand: q = (0.6 / 1.4, 0.8 / 1.4) makes both worth (0.9 * 0.6 + 0.2 * 0.8) / 1.4.
    assert result.value == pytest.approx(0.5)
    assert result.attackers == pytest.approx([0.5, 0.5, 0.0], abs=1e-4)
    assert result.defenders == pytest.approx([0.6 / 1.4, 0.8 / 1.4], abs=1e-4)


def test_copies_share_a_weight_and_change_no_score() -> None:
    """Balduzzi and others (2018), the invariance that gives Nash averaging its point."""
    once = nash_average(ROCK_PAPER_SCISSORS)
    copied = nash_average(np.vstack([ROCK_PAPER_SCISSORS, ROCK_PAPER_SCISSORS[:1]]))
    assert copied.value == pytest.approx(once.value)
    assert copied.attackers == pytest.approx([1 / 6, 1 / 3, 1 / 3, 1 / 6], abs=1e-3)
    assert copied.defender_scores == pytest.approx(once.defender_scores, abs=1e-3)
    # A mean over attackers is what copies do change.
    lone = np.vstack([ROCK_PAPER_SCISSORS, ROCK_PAPER_SCISSORS[:1]]).mean(axis=0)
    assert not np.allclose(lone, once.defender_scores, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(tables)
def test_nobody_can_gain_by_leaving_the_equilibrium(table: np.ndarray) -> None:
    result = nash_average(table)
    assert result.attacker_scores.max() <= result.value + 1e-5
    assert result.defender_scores.min() >= result.value - 1e-5
    assert result.attackers.sum() == pytest.approx(1.0)
    assert result.defenders.sum() == pytest.approx(1.0)


@settings(max_examples=20, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_players_changes_nothing(table: np.ndarray, shuffle: object) -> None:
    order = list(range(len(table)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    turned = nash_average(table[order])
    assert turned.value == pytest.approx(nash_average(table).value, abs=1e-8)
    first, again = strengths(outcomes(table)), strengths(outcomes(table[order]))
    assert again[: len(order)] == pytest.approx(first[order], abs=1e-5)


def test_cycles_are_seen_and_strength_alone_is_none() -> None:
    cycle = cyclicity(outcomes(ROCK_PAPER_SCISSORS), draws=100)
    assert cycle.index == pytest.approx(1.0, abs=1e-6)
    assert cycle.cyclic
    straight = cyclicity(transitive([1.0, 0.0, -1.0], [0.5, 0.0, -0.5], 1000), draws=100)
    assert straight.index < 0.01
    assert not straight.cyclic
    assert math.isnan(cyclicity(outcomes(np.full((2, 2), 0.5)), draws=10).index)


@pytest.mark.parametrize(
    ("wins", "trials"),
    [(np.ones((2, 2)), np.zeros((2, 2))), (np.full((2, 2), 5.0), np.ones((2, 2)))],
)
def test_impossible_outcomes_are_refused(wins: np.ndarray, trials: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"scored attack|more successes"):
        Outcomes.of_counts(("a", "b"), ("x", "y"), wins, trials)


def test_a_gap_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="without gaps"):
        nash_average(np.array([[0.5, float("nan")]]))
