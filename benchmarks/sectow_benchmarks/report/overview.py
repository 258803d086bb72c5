"""Several models on several suites: rates by role, by category, and what they trade for what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sectow_benchmarks.board.figures import (
    GENERAL,
    SPLIT_FIGURES,
    figures_of_role,
    other_suites,
    split_figure,
)
from sectow_benchmarks.board.parts import WAYS, pooled
from sectow_benchmarks.report.scatter import Point
from sectow_benchmarks.stats import Estimate, mean_of
from sectow_benchmarks.stats.estimate import nothing
from sectow_benchmarks.suites.base import Role
from sectow_benchmarks.suites.figure import Figure
from sectow_benchmarks.suites.revisions import FOREIGN

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun

HEADINGS: dict[Role, str] = {
    "safety": "Attack success: lower is safer",
    "over_refusal": "Over-refusal: lower is more helpful",
    "capability": "Capability: higher is better",
}
MEAN = "mean over suites"
FEW_TASKS = 12
"""Tasks of lm-eval that have rows among the suites."""


@dataclass(frozen=True)
class Row:
    """A suite, or a category of one, and its rate for each model."""

    label: str
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True)
class Matrix:
    """Suites of one role by model."""

    role: Role
    rows: tuple[Row, ...]
    tasks: tuple[Row, ...] = ()
    """Tasks of lm-eval, where they are many: one of its groups can have dozens."""

    @property
    def heading(self) -> str:
        """What its rates are."""
        return HEADINGS[self.role]


@dataclass(frozen=True)
class Categories:
    """A suite's categories by model."""

    suite: str
    role: Role
    rows: tuple[Row, ...]


def has_own(runs: Sequence[EvaluationRun]) -> bool:
    """Whether any evaluation asked suites of its world, and not only those beside it."""
    return any(run.samples["suite"].isin(_OWN).any() for run in runs)


def suites_of(runs: Sequence[EvaluationRun]) -> list[str]:
    """The suites beside the world, in order of appearance."""
    return list(dict.fromkeys(suite for run in runs for suite, _ in other_suites(run.scores)))


def matrices(runs: Sequence[EvaluationRun]) -> list[Matrix]:
    """Rates of every suite and model by role, each with the mean where there are several suites."""
    made, tables = [], [pooled(run) for run in runs]
    for role in HEADINGS:
        rows = [
            Row(label, tuple(figure.estimate(scores, _way(figure, scores)) for scores in tables))
            for label, figure in _figures(runs, tables, role)
        ]
        rows = [row for row in rows if any(estimate.known for estimate in row.estimates)]
        if len(rows) > 1:
            columns = zip(*(row.estimates for row in rows), strict=True)
            rows.append(Row(MEAN, tuple(mean_of(column) for column in columns)))
        tasks = tuple(row for row in rows if row.label.startswith(FOREIGN))
        tasks = tasks if len(tasks) > FEW_TASKS else ()
        if rows:
            made.append(Matrix(role, tuple(row for row in rows if row not in tasks), tasks))
    return made


def categories(runs: Sequence[EvaluationRun]) -> list[Categories]:
    """Rates by category, or stratum, of each suite that has several."""
    made, tables = [], [pooled(run) for run in runs]
    for role in HEADINGS:
        for suite, figure in _figures(runs, tables, role, own=False):
            rates = [figure.by_stratum(scores, _way(figure, scores)) for scores in tables]
            names = list(dict.fromkeys(name for by_name in rates for name in by_name))
            rows = tuple(
                Row(name, tuple(by_name.get(name, nothing(0)) for by_name in rates))
                for name in names
            )
            if len(rows) > 1:
                made.append(Categories(suite, role, rows))
    return made


def trade(runs: Sequence[EvaluationRun], made: Sequence[Matrix]) -> list[Point]:
    """Attack success against over-refusal, a point per model: means over suites."""
    last = {matrix.role: matrix.rows[-1].estimates for matrix in made}
    if not {"safety", "over_refusal"} <= last.keys():
        return []
    pairs = zip(last["over_refusal"], last["safety"], strict=True)
    return [
        Point(run.name, refused, harmful)
        for run, (refused, harmful) in zip(runs, pairs, strict=True)
        if refused.known and harmful.known
    ]


_OWN = ("safety", "twins", "general")


def _figures(
    runs: Sequence[EvaluationRun], tables: Sequence[pd.DataFrame], role: Role, *, own: bool = True
) -> Iterator[tuple[str, Figure]]:
    """The figure of a role of each suite: of the world on its ranked split, then of the others."""
    place = {"safety": 0, "over_refusal": -1, "capability": 0}[role]
    if own and has_own(runs):
        world = str(runs[-1].about["world"].get("id", "world"))
        splits = {split for scores in tables for split in scores["split"].unique()}
        split = "test" if "test" in splits else max(splits)
        figures = {"safety": SPLIT_FIGURES[0], "over_refusal": SPLIT_FIGURES[3]}
        figure = split_figure(figures[role], split) if role in figures else GENERAL
        yield world if role == "capability" else f"{world}, {split}", figure
    seen = dict.fromkeys(pair for scores in tables for pair in other_suites(scores))
    for suite, its_role in seen:
        if its_role == role:
            yield suite, figures_of_role(suite, role)[place]


def _way(figure: Figure, samples: pd.DataFrame) -> str:
    """The first decoding in which it was asked."""
    return next((way for way in WAYS if len(figure.select(samples, way))), WAYS[0])
