"""Several judges on the same answers: the rates that each gives, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from sectow_benchmarks.stats import Estimate, rate
from sectow_benchmarks.stats.agreement import Agreement, agreement

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun


@dataclass(frozen=True)
class JudgeRates:
    """What one judge makes of every model: the share of harmful answers on what all judged."""

    judge: str
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True)
class JudgePair:
    """Two judges on the same answers; neither is the truth."""

    first: str
    second: str
    agreement: Agreement


@dataclass(frozen=True)
class Judges:
    """All judges beside each other."""

    rates: tuple[JudgeRates, ...]
    pairs: tuple[JudgePair, ...]


def judges_of(runs: Sequence[EvaluationRun]) -> Judges | None:
    """The judges of harmful requests that share answers; None where none do."""
    tables = [_labels(run) for run in runs]
    names = dict.fromkeys(str(name) for table in tables for name in table.columns)
    pairs = []
    for first, second in combinations(names, 2):
        left, right, clusters = [], [], []
        for table in tables:
            if first not in table or second not in table:
                continue
            both = table.dropna(subset=[first, second])
            left += both[first].tolist()
            right += both[second].tolist()
            # The same item before different models is one cluster.
            clusters += [str(name) for name in both.index.get_level_values("cluster")]
        if left:
            pairs.append(JudgePair(first, second, agreement(left, right, clusters)))
    if not pairs:
        return None
    shared = [name for name in names if any(name in (pair.first, pair.second) for pair in pairs)]
    rates = tuple(
        JudgeRates(name, tuple(_rate(table, name) for table in tables)) for name in shared
    )
    return Judges(rates, tuple(pairs))


def _labels(run: EvaluationRun) -> pd.DataFrame:
    """A row per answer to a harmful request, a column per judge: harmful, not, or unscored."""
    harmful = run.scores[run.scores["harmful_scenario"]][["sample", "cluster"]]
    verdicts = run.verdicts[run.verdicts["invalid"] == ""][["sample", "judge", "harmful"]]
    both = harmful.drop_duplicates("sample").merge(verdicts, on="sample")
    return both.pivot_table(
        index=["cluster", "sample"], columns="judge", values="harmful", aggfunc="first"
    )


def _rate(table: pd.DataFrame, judge: str) -> Estimate:
    if judge not in table:
        return rate([], [])
    several = table[table.notna().sum(axis=1) > 1]
    clusters = several.index.get_level_values("cluster").tolist()
    return rate(several[judge].tolist(), clusters)
