"""The tables of cross-play: pure functions of the samples of all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sectow_benchmarks.board.figures import LEARNED_FIGURES
from sectow_benchmarks.ratings import (
    Cyclicity,
    NashAverage,
    Outcomes,
    Ratings,
    bradley_terry,
    cyclicity,
    nash_average,
)
from sectow_benchmarks.stats import Estimate
from sectow_benchmarks.studies.crossplay.play import Pair
from sectow_env.game.tally import effective_number

LEARNED = LEARNED_FIGURES[0]


@dataclass(frozen=True)
class Cell:
    """One attacker against one defender."""

    attacker: str
    defender: str
    asr: Estimate
    """Each channel the same; attacks that cannot count are in no denominator."""
    attempts: int
    invalid: int
    unscored: int
    channels: float | None
    """Effective number of channels among the successes: a collapsed attacker has 1, and one without
    any success has none. A defender is not strong because its attacker repeats itself."""
    frames: float | None


@dataclass(frozen=True)
class Progress:
    """A snapshot against the other seat's past and present, as means of ASR."""

    run: str
    round: int
    attacker_against_past: float | None
    """The round's attacker against the defenders before it: it should stay high."""
    defender_against_past: float | None
    """The round's defender against the attackers up to it: it should stay low."""


@dataclass(frozen=True)
class CrossPlay:
    """All tables."""

    attackers: tuple[str, ...]
    defenders: tuple[str, ...]
    cells: tuple[Cell, ...]
    worst: dict[str, Cell]
    """For each defender the attacker that gets most out of it."""
    progress: tuple[Progress, ...]
    ratings: Ratings | None
    """None where a pair has no scored attack: then nobody can be rated."""
    nash: NashAverage | None
    cyclicity: Cyclicity | None

    def cell(self, attacker: str, defender: str) -> Cell:
        """The cell of a pair."""
        names = (attacker, defender)
        return next(cell for cell in self.cells if (cell.attacker, cell.defender) == names)


def crossplay_of(pairs: Sequence[Pair], *, seed: int = 0) -> CrossPlay:
    """All tables of the pairs.

    Args:
        pairs: Every attacker against every defender.
        seed: Of resampling and simulation.
    """
    attackers = tuple(dict.fromkeys(pair.attacker.label for pair in pairs))
    defenders = tuple(dict.fromkeys(pair.defender.label for pair in pairs))
    cells = tuple(_cell(pair) for pair in pairs)
    outcomes = _outcomes(pairs, attackers, defenders)
    worst = {}
    for name in defenders:
        against = [cell for cell in cells if cell.defender == name and cell.asr.known]
        if against:
            worst[name] = max(against, key=lambda cell: cell.asr.value)
    return CrossPlay(
        attackers,
        defenders,
        cells,
        worst,
        _progress(pairs, {(cell.attacker, cell.defender): cell for cell in cells}),
        None if outcomes is None else bradley_terry(outcomes, seed=seed),
        None if outcomes is None else nash_average(outcomes.rates),
        None if outcomes is None else cyclicity(outcomes, seed=seed),
    )


def _cell(pair: Pair) -> Cell:
    samples = pair.run.samples
    won = samples[(samples["success"] == 1.0) & (samples["invalid"] == "")]
    return Cell(
        attacker=pair.attacker.label,
        defender=pair.defender.label,
        asr=LEARNED.estimate(samples, "sampled"),
        attempts=len(samples),
        invalid=int((samples["invalid"] != "").sum()),
        unscored=int(samples["unscored"].sum()),
        channels=effective_number(won["channel"]),
        frames=effective_number(won["channel"] + "/" + won["frame"]),
    )


def _outcomes(
    pairs: Sequence[Pair], attackers: Sequence[str], defenders: Sequence[str]
) -> Outcomes | None:
    """Successes and trials by behavior; None where a pair has no scored attack."""
    scored = {}
    for pair in pairs:
        samples = LEARNED.select(pair.run.samples, "sampled")
        known = samples[samples["success"].notna()]
        if not len(known):
            return None
        scored[pair.attacker.label, pair.defender.label] = known.groupby("cluster")["success"].agg(
            ["sum", "count"]
        )
    clusters = sorted({name for series in scored.values() for name in series.index})
    shape = (len(attackers), len(defenders), len(clusters))
    successes, trials = np.zeros(shape), np.zeros(shape)
    for row, attacker in enumerate(attackers):
        for column, defender in enumerate(defenders):
            counted = scored[attacker, defender].reindex(clusters, fill_value=0)
            successes[row, column] = counted["sum"]
            trials[row, column] = counted["count"]
    return Outcomes(tuple(attackers), tuple(defenders), successes, trials)


def _progress(pairs: Sequence[Pair], cells: dict[tuple[str, str], Cell]) -> tuple[Progress, ...]:
    """Each round's snapshots against what the other seat had shown before."""
    runs = dict.fromkeys(pair.attacker.run for pair in pairs if pair.attacker.run)
    rounds = []
    for run in runs:
        own = [pair for pair in pairs if pair.attacker.run == run == pair.defender.run]
        for number in sorted({pair.attacker.round for pair in own if pair.attacker.round}):
            attacks = [
                cells[pair.attacker.label, pair.defender.label]
                for pair in own
                if pair.attacker.round == number and pair.defender.round < number
            ]
            defends = [
                cells[pair.attacker.label, pair.defender.label]
                for pair in own
                if pair.defender.round == number and pair.attacker.round <= number
            ]
            rounds.append(Progress(run, number, _mean(attacks), _mean(defends)))
    return tuple(rounds)


def _mean(cells: Sequence[Cell]) -> float | None:
    known = [cell.asr.value for cell in cells if cell.asr.known]
    return sum(known) / len(known) if known else None
