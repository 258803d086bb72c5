"""What a row is ranked by: a rate for each channel of the world, and for each suite beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from sectow_benchmarks.board.figures import (
    ATTACK_FIGURES,
    INTENT_FIGURES,
    LEARNED_FIGURES,
    figures_of_role,
    other_suites,
)
from sectow_benchmarks.results.further import NOT_JUDGED
from sectow_benchmarks.stats import Estimate, Outcomes, rate
from sectow_benchmarks.suites.figure import Figure
from sectow_benchmarks.suites.group_table import GROUPS
from sectow_benchmarks.suites.revisions import FOREIGN, OF_ATTACKERS, OF_THE_WORLD
from sectow_env.game import Invalid

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun

WAYS = ("greedy", "sampled")
RANKED_SPLIT = "test"
JUDGED_IN_PART = "samples of each suite were judged"
"""How the reason ends why a row is not ranked whose judge was asked within a limit."""


@dataclass(frozen=True)
class Worst(Estimate):
    """The highest of several rates."""

    where: str
    """The channel, suite or attacker; empty for all channels of the world."""
    decoding: str

    @classmethod
    def of(cls, where: str, decoding: str, estimate: Estimate) -> Worst:
        """The estimate, with where and how it was measured."""
        return cls(**vars(estimate), where=where, decoding=decoding)


class SafetyPart(NamedTuple):
    """One rate of attack success that counts for the rank."""

    where: str
    """The channel of the world, or the suite."""
    decoding: str
    figure: Figure
    rows: pd.DataFrame
    by: str | None
    """Column whose values count the same each."""

    def estimate(self) -> Estimate:
        """The rate with its interval."""
        return rate(*self._columns())

    def outcomes(self) -> Outcomes:
        """What its rank is resampled from: all channels of a world share their clusters."""
        values, clusters, strata = self._columns()
        return Outcomes(self.figure.suite, values, clusters, strata or [""] * len(values))

    def _columns(self) -> tuple[list[float], list[str], list[str] | None]:
        strata = self.rows[self.by].tolist() if self.by else None
        return self.figure.values(self.rows), self.rows["cluster"].tolist(), strata


def safety_parts(samples: pd.DataFrame, own: Figure, ways: Sequence[str]) -> Iterator[SafetyPart]:
    """The rates that count for the rank, in each decoding; those of the world by its channels."""
    for way in ways:
        rows = own.select(samples, way)
        for channel in dict.fromkeys(rows["channel"]):
            yield SafetyPart(str(channel), way, own, rows[rows["channel"] == channel], None)
        for suite in suites_of(samples, "safety"):
            figure = figures_of_role(suite, "safety")[0]
            rows = figure.select(samples, way)
            if len(rows):
                yield SafetyPart(suite, way, figure, rows, figure.by)


def worst_of(rates: Sequence[Worst]) -> Worst | None:
    """The highest rate that is known; None when nothing was scored."""
    known = [worst for worst in rates if worst.known]
    return max(known, key=lambda worst: worst.value, default=None)


def worst_attacker(samples: pd.DataFrame) -> Worst | None:
    """Which attacker gets most out of it; None when none was tried."""
    return worst_of(
        [
            Worst.of(figure.suite, way, figure.estimate(samples, way))
            for figure in (*ATTACK_FIGURES, *LEARNED_FIGURES)
            for way in WAYS
            if figure.kind == "harmful"
        ]
    )


def intent_kept(samples: pd.DataFrame) -> Estimate:
    """How many attacks of its attacker, or of a frozen pack, still ask for their behavior."""
    rates = [figure.estimate(samples, way) for figure in INTENT_FIGURES for way in reversed(WAYS)]
    return next((estimate for estimate in rates if estimate.known), rates[0])


def suites_of(samples: pd.DataFrame, role: str) -> list[str]:
    """The suites beside the world that have items of a role."""
    return [suite for suite, its_role in other_suites(samples) if its_role == role]


def pooled(run: EvaluationRun) -> pd.DataFrame:
    """The scores of an evaluation, in which MMLU and MMMU are one suite each, by tasks.

    Else the 57 tasks of MMLU would weigh 57 times as much as any other suite.
    """
    samples, settings = run.scores, run.about["settings"]
    requested = [str(name) for key in ("tasks", "mini_tasks") for name in settings.get(key, ())]
    listed = {task.name for group in GROUPS.values() for task in group.tasks}
    whole = {}
    for suite in map(str, samples["suite"].unique()):
        task = suite.removeprefix(FOREIGN)
        # The longest: mmlu_pro is not a part of mmlu.
        names = (
            name for name in requested if task.startswith(f"{name}_") and task not in requested
        )
        name = max(names, key=len, default="")
        if suite.startswith(FOREIGN) and name in listed:
            whole[suite] = f"{FOREIGN}{name}"
    if not whole:
        return samples
    parts = samples["suite"].isin(list(whole))
    return samples.assign(
        stratum=samples["stratum"].where(~parts, samples["suite"]),
        suite=samples["suite"].replace(whole),
    )


def of_others(
    samples: pd.DataFrame, role: Literal["over_refusal", "capability"], way: str
) -> dict[str, tuple[Figure, str]]:
    """What the board needs of the other suites: the last figure of a role, and its decoding."""
    figures = {}
    for suite in suites_of(samples, role):
        figure = figures_of_role(suite, role)[-1]
        # A task of lm-eval brings its own decoding.
        other = next(decoding for decoding in WAYS if decoding != way)
        figures[suite] = (figure, way if len(figure.select(samples, way)) else other)
    return figures


def partly_judged(run: EvaluationRun, scorable: pd.DataFrame) -> tuple[str, ...]:
    """Why a row is not ranked whose judge was asked within a limit; empty for any other."""
    if not (scorable["outcome"] == NOT_JUDGED).any():
        return ()
    return (f"only {run.about['settings'].get('judge_limit')} {JUDGED_IN_PART}",)


def skipped_items(run: EvaluationRun, samples: pd.DataFrame) -> dict[str, int]:
    """Items of suites of the field that were not asked since their pictures are missing."""
    names = [str(suite["name"]) for suite in run.about.get("other_suites", ())]
    skipped = samples[(samples["invalid"] == Invalid.BAD_IMAGE) & samples["suite"].isin(names)]
    counts = skipped.groupby("suite", sort=False)["item"].nunique()
    return {str(suite): int(count) for suite, count in counts.items()}


def scorable_of(samples: pd.DataFrame) -> pd.DataFrame:
    """What a judge could have left unscored: fixed suites, without tasks of lm-eval."""
    # A task of lm-eval without a metric of 0 and 1 was not left unscored by a judge.
    apart = samples["suite"].isin(OF_ATTACKERS) | samples["suite"].str.startswith(FOREIGN)
    return samples[~apart & (samples["invalid"] == "")]


def ranked_split(samples: pd.DataFrame) -> str:
    """The split that is ranked; empty where no suite of a world was asked."""
    splits = list(dict.fromkeys(samples.loc[samples["suite"] == "safety", "split"]))
    if not splits and not samples["suite"].isin(OF_THE_WORLD).any():
        return ""
    return RANKED_SPLIT if RANKED_SPLIT in splits or not splits else str(splits[-1])
