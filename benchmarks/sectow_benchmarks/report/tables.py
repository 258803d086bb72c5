"""The tables of the page: before and after, heat map, weakness map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from sectow_benchmarks.board.figures import SPLIT_FIGURES, Measured, figures_of
from sectow_benchmarks.report.charts import Series, dumbbell
from sectow_benchmarks.stats import Estimate, rate
from sectow_benchmarks.suites.figure import Figure, values_of

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun

FRAME_SETS = ("", "trained", "held_out")
ROUND_FIGURES = (
    ("asr_trained_frames", "training potions, trained frames"),
    ("asr_held_out_frames", "training potions, held-out frames"),
    ("asr_test_cue", "test potions, cue"),
    ("asr_test_exception", "test potions, exceptions"),
    ("asr_unseen_channel", "test potions, unseen channel"),
)
COST_FIGURES = (
    ("over_refusal_train", "over-refusal, training potions"),
    ("over_refusal_test", "over-refusal, test potions"),
    ("twins_train", "accuracy on twins, training potions"),
    ("twins_test_cue", "accuracy on twins, test potions, cue"),
    ("recall", "recall of controlled recipes"),
    ("general", "general questions"),
)


@dataclass(frozen=True)
class Line:
    """One figure before and after."""

    key: str
    title: str
    decoding: str
    better: str
    before: Estimate | None
    after: Estimate
    change: Estimate | None
    chart: Markup

    @property
    def trend(self) -> str:
        """`good`, `bad` or `unclear`: whether the change's interval leaves 0 on one side."""
        change = self.change
        if change is None or not change.known or change.low <= 0.0 <= change.high:
            return "unclear"
        return "good" if (change.value < 0) == (self.better == "lower") else "bad"


@dataclass(frozen=True)
class Cell:
    """One cell of a map."""

    label: str
    estimates: tuple[Estimate, ...]
    """One an evaluation."""
    weakness: str = ""
    held_out: bool = False


@dataclass(frozen=True)
class MapRow:
    """One row of a map."""

    label: str
    cells: tuple[Cell, ...]


def decodings_of(run: EvaluationRun) -> dict[str, str]:
    """How the decodings of an evaluation are written."""
    temperature = run.about["settings"].get("temperature", 1.0)
    # No break inside, so that a cell does not end in an equals sign.
    return {
        "greedy": "greedy",
        "sampled": f"T = {temperature:g}".replace(" ", "\N{NO-BREAK SPACE}"),
    }


def before_after(before: EvaluationRun | None, after: EvaluationRun) -> list[Line]:
    """Every figure of an evaluation, beside that of the base."""
    lines, decodings = [], decodings_of(after)
    for figure, way in figures_of(after.samples):
        now = figure.estimate(after.samples, way)
        was = change = None
        if before is not None and len(figure.select(before.samples, way)):
            was = figure.estimate(before.samples, way)
            # An attacker's items differ between evaluations: nothing is paired there.
            if not figure.suite.startswith("learned"):
                change = figure.change(after.samples, before.samples, way)
        chart = dumbbell(was, now, figure.better)
        name = (figure.key, figure.title, decodings[way], figure.better)
        lines.append(Line(*name, was, now, change, chart))
    return lines


def round_series(
    tables: Sequence[Sequence[Measured]], figures: Sequence[tuple[str, str]], decoding: str
) -> list[Series]:
    """Figures by round, for a chart; those that were not measured are left out."""
    all_series = []
    for style, (key, label) in enumerate(figures):
        points = [_point(table, key, decoding) for table in tables]
        if any(point.known for point in points):
            all_series.append(Series(label, tuple(points), style))
    return all_series


def generic_keys(
    tables: Sequence[Sequence[Measured]], suite: str, better: Sequence[str]
) -> list[tuple[str, str]]:
    """Keys and titles of a suite's figures, for worlds whose figures are not listed above."""
    seen = {
        measured_figure.figure.key: measured_figure.figure.title
        for table in tables
        for measured_figure in table
        if measured_figure.figure.suite == suite and measured_figure.figure.better in better
    }
    return list(seen.items())


def heat_map(runs: Sequence[EvaluationRun], decoding: str) -> list[MapRow]:
    """ASR by evaluation (rows) and channel with its frame set (columns)."""
    grids = [_grid(run.samples, decoding) for run in runs]
    seen = {
        (str(channel), str(kind))
        for grid in grids
        for channel, kind in zip(grid["channel"], grid["frame_set"], strict=True)
    }
    channels = in_order((channel for grid in grids for channel in grid["channel"]), runs)
    order = [
        (channel, kind) for channel in channels for kind in FRAME_SETS if (channel, kind) in seen
    ]
    return [
        MapRow(
            run.name,
            tuple(
                Cell(
                    _column(channel, frame_set),
                    (_rate(grid, channel=channel, frame_set=frame_set),),
                    held_out=frame_set == "held_out",
                )
                for channel, frame_set in order
            ),
        )
        for run, grid in zip(runs, grids, strict=True)
    ]


def weakness_map(before: EvaluationRun | None, after: EvaluationRun, decoding: str) -> list[MapRow]:
    """Each frame as it was drawn (open or guarded), and the ASR that was measured on it."""
    runs = [run for run in (before, after) if run is not None]
    grids = [_grid(run.samples, decoding) for run in runs]
    if not grids or not (grids[0]["weakness"] != "").any():
        return []
    rows = []
    for channel in in_order(grids[0]["channel"], runs):
        part = grids[0][grids[0]["channel"] == channel]
        frames = part.drop_duplicates("frame")[["frame", "weakness", "frame_set"]]
        cells = [
            Cell(
                str(row.frame),
                tuple(_rate(grid, channel=str(channel), frame=str(row.frame)) for grid in grids),
                weakness=str(row.weakness),
                held_out=str(row.frame_set) == "held_out",
            )
            for row in frames.itertuples()
        ]
        cells.sort(key=lambda cell: int(cell.label[1:]) if cell.label[1:].isdecimal() else 0)
        rows.append(MapRow(str(channel), tuple(cells)))
    return rows


def in_order(channels: Iterable[str], runs: Sequence[EvaluationRun]) -> list[str]:
    """Channels once each: those of the world as it lists them, others as they come."""
    names = dict.fromkeys(map(str, channels))
    listed = dict.fromkeys(
        str(name) for run in runs for name in run.about["world"].get("channels", ())
    )
    return [name for name in listed if name in names] + [n for n in names if n not in listed]


def grouped(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Lines of the same figure together, in order."""
    by_key: dict[str, list[Line]] = {}
    for line in lines:
        by_key.setdefault(line.key, []).append(line)
    return list(by_key.items())


def agreement(rows: Sequence[MapRow]) -> dict[str, tuple[int, float]]:
    """Mean ASR of the first evaluation over the frames of each kind, and how many there are."""
    by_weakness: dict[str, list[float]] = {}
    for row in rows:
        for cell in row.cells:
            if cell.estimates and cell.estimates[0].known and row.label != "plain":
                by_weakness.setdefault(cell.weakness, []).append(cell.estimates[0].value)
    return {kind: (len(values), sum(values) / len(values)) for kind, values in by_weakness.items()}


def _grid(samples: pd.DataFrame, decoding: str) -> pd.DataFrame:
    figure = Figure("", "", SPLIT_FIGURES[0].suite, "harmful", "lower")
    return figure.select(samples, decoding)


def _rate(grid: pd.DataFrame, **where: str) -> Estimate:
    kept = grid
    for column, value in where.items():
        kept = kept[kept[column] == value]
    return rate(values_of(kept, "harmful"), kept["cluster"].tolist())


def _point(table: Sequence[Measured], key: str, decoding: str) -> Estimate:
    for measured_figure in table:
        once = key in {"recall", "general"}
        if measured_figure.figure.key == key and (once or measured_figure.decoding == decoding):
            return measured_figure.estimate
    return rate([], [])


def _column(channel: str, frame_set: str) -> str:
    return f"{channel} {frame_set.replace('_', '-')}".strip().replace("_", " ") or "all"
