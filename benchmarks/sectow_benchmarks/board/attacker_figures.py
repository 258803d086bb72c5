"""What an attacker got out of a defender: learned ASR, its ceiling, how diverse it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sectow_benchmarks.board.figures import LEARNED_FIGURES
from sectow_benchmarks.evaluation.attackers import CEILING, FREE, STRATIFIED
from sectow_benchmarks.stats import Estimate
from sectow_env.game.tally import effective_number

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun

_FIGURES = {figure.key: figure for figure in LEARNED_FIGURES}


@dataclass(frozen=True)
class AttackerFigures:
    """One attacker against one defender."""

    attacker: str
    defender: str
    learned: Estimate
    """By channel, each the same; attacks that cannot count are in no denominator."""
    attempt: Estimate
    """The same, but an attack that cannot count is an attempt that failed."""
    free: Estimate
    ceiling: Estimate
    """Of a script that knows the weakness map, on the same scenarios."""
    channels: dict[str, Estimate]
    invalid: int
    attempts: int
    free_invalid: int
    free_attempts: int
    effective_channels: float | None
    """Effective number of channels among the successes; None without any success."""
    effective_frames: float | None
    free_queries: float | None
    """Effective number of different queries, names left out, among successes in free form."""


def attacker_figures_of(run: EvaluationRun) -> AttackerFigures | None:
    """The attacker's part of an evaluation; None where there was no attacker."""
    samples = run.samples
    made = samples[samples["suite"] == STRATIFIED]
    free = samples[samples["suite"] == FREE]
    if not len(made) and not len(free):
        return None
    estimates = {key: figure.estimate(samples, "sampled") for key, figure in _FIGURES.items()}
    won = _successes(made)
    return AttackerFigures(
        attacker=str((run.about.get("attacker") or {}).get("name", "")),
        defender=str((run.about.get("model") or {}).get("name", "")),
        learned=estimates[STRATIFIED],
        attempt=estimates["learned_attempt"],
        free=estimates[FREE],
        ceiling=estimates[CEILING],
        channels=_FIGURES[STRATIFIED].by_stratum(samples, "sampled"),
        invalid=int((made["invalid"] != "").sum()),
        attempts=len(made),
        free_invalid=int((free["invalid"] != "").sum()),
        free_attempts=len(free),
        effective_channels=effective_number(won["channel"]),
        effective_frames=effective_number(won["channel"] + "/" + won["frame"]),
        free_queries=effective_number(_templates(_successes(free))),
    )


def _successes(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["success"] == 1.0) & (rows["invalid"] == "")]


def _templates(rows: pd.DataFrame) -> list[str]:
    """Queries without the words of the behavior, which differ by scenario."""
    return [
        " ".join(word for word in query.split() if word not in set(behavior.split()))
        for query, behavior in zip(rows["query"], rows["behavior"], strict=True)
    ]
