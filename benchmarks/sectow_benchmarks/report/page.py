"""The page as text: what its template is filled with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import jinja2
from markupsafe import Markup

from sectow_benchmarks.board.attacker_figures import AttackerFigures
from sectow_benchmarks.board.entry import Board, BoardRow
from sectow_benchmarks.board.figures import measured
from sectow_benchmarks.board.markdown import number, shown
from sectow_benchmarks.board.templates import asset, environment, script_hash
from sectow_benchmarks.board.words import not_refused, ranking
from sectow_benchmarks.report import charts
from sectow_benchmarks.report.examples import KINDS, choose
from sectow_benchmarks.report.judges import judges_of
from sectow_benchmarks.report.overview import (
    Matrix,
    categories,
    has_own,
    matrices,
    suites_of,
    trade,
)
from sectow_benchmarks.report.public import is_fictional
from sectow_benchmarks.report.reading import attempts, terms
from sectow_benchmarks.report.scatter import scatter
from sectow_benchmarks.report.sources import sources_of
from sectow_benchmarks.report.story import SMOOTHING, Story
from sectow_benchmarks.report.tables import (
    COST_FIGURES,
    ROUND_FIGURES,
    Line,
    agreement,
    decodings_of,
    generic_keys,
    grouped,
    heat_map,
    in_order,
    round_series,
    weakness_map,
)
from sectow_benchmarks.report.transcripts import Transcripts
from sectow_benchmarks.report.visible import visible
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.stats import METHODS, Estimate
from sectow_benchmarks.stats.retention import MARGIN

PACKAGE = "sectow_benchmarks.report"
TILES = (
    *(("asr_held_out_frames", None), ("asr_test_cue", None), ("over_refusal_test", "greedy")),
    *(("twins_test", "greedy"), ("recall", "greedy")),
)
"""Keys and decodings of the figures at the top; None takes the page's decoding."""
SCRIPTS = tuple(f"scripts/{name}.js" for name in ("tables", "chunks", "list", "item", "browser"))
"""The page's own script is these, one after the other."""
Profile = Literal["public", "local"]
FEW_MODELS = 2
"""More of them are no longer one before and one after, unless they are rounds of a run."""
SOMETIMES = ("twins_accuracy", "recall", "general", "learned_asr")
"""Columns of the board that are left out where nobody was measured in them."""


def render(
    runs: Sequence[EvaluationRun],
    board: Board,
    attackers: Sequence[AttackerFigures],
    samples: Transcripts,
    lines: Sequence[Line],
    *,
    story: Story | None,
    paired: bool = True,
) -> str:
    """The page as text; `paired` if the first of the evaluations is what others come after."""
    before, after = (runs[0] if len(runs) > 1 else None), runs[-1]
    own, beside = has_own(runs), suites_of(runs)
    fictional = own and is_fictional(after.about)
    way = "sampled" if (after.samples["decoding"] == "sampled").any() else "greedy"
    decodings = decodings_of(after)
    estimates = _all_estimates(board.rows, lines)
    text = (
        _templates()
        .get_template("page.html.j2")
        .render(
            **_assets(),
            **_of_models(runs, beside),
            **_of_the_world(runs, way, own=own),
            title=f"SecTOW report: {after.name}",
            runs=runs,
            before=before,
            after=after,
            many=story is None and (len(runs) > FEW_MODELS or not paired),
            own=own,
            **_of_the_board(board),
            margin=MARGIN,
            terms=terms(after, board.gates, estimates, fictional=fictional, own=own),
            lines=grouped(lines),
            attackers=attackers,
            attacker_channels=in_order(
                (name for figures in attackers for name in figures.channels), runs
            ),
            attempts=attempts(after),
            tiles=_tiles(lines, decodings[way]),
            rounds=_round_charts(runs, way, decodings[way]),
            way=decodings[way],
            decodings=decodings,
            kinds=KINDS,
            examples=choose(before, after, redact=board.profile == "public" and not fictional),
            samples=samples,
            redacted=samples.left_out,
            raw=board.profile == "local",
            fictional=fictional,
            unit="potions" if fictional else "clusters",
            stroke=charts.stroke,
            marker=charts.marker,
            **_of_a_run(story),
        )
    )
    return visible(text)


def _of_the_board(board: Board) -> dict[str, Any]:
    rows = board.rows
    return {
        "board": rows,
        "columns": _columns(rows),
        "tracks": list(dict.fromkeys(row.track for row in rows)),
        "upper_bound": not_refused(board),
        "ranking": ranking(rows[0].split or "", board.gates),
    }


def _of_models(runs: Sequence[EvaluationRun], beside: Sequence[str]) -> dict[str, Any]:
    """Models beside each other on suites of the field."""
    made: list[Matrix] = matrices(runs) if beside else []
    points = trade(runs, made)
    title = "Attack success (up) against over-refusal (across), a point per model"
    return {
        "beside": beside,
        "matrices": made,
        "categories": categories(runs) if beside else [],
        "trade": scatter(title, points) if len(points) > 1 else None,
        "judges": judges_of(runs),
        "sources": sources_of(runs),
    }


def _of_the_world(runs: Sequence[EvaluationRun], way: str, *, own: bool) -> dict[str, Any]:
    """Channels and weaknesses, where suites of a world were asked."""
    weak = weakness_map(runs[0] if len(runs) > 1 else None, runs[-1], way) if own else []
    heat = heat_map(runs, way) if own else []
    return {"heat": heat, "weak": weak, "weak_summary": agreement(weak)}


def _of_a_run(story: Story | None) -> dict[str, Any]:
    """The training run's rounds."""
    played = max((phase.summary.round for phase in story.phases), default=0) if story else 0
    return {
        "story": story,
        "rounds_played": played,
        "timeline": _timeline(story),
        "smoothing": SMOOTHING,
    }


def _columns(rows: Sequence[BoardRow]) -> set[str]:
    """Columns of the board in which somebody was measured; with suites beside, their means."""
    columns = {name for name in SOMETIMES if any(getattr(row, name).known for row in rows)}
    if any(row.suite_capability for row in rows):
        columns = columns - {"general"} | {"capability"}
    if any(row.suite_over_refusal for row in rows):
        columns.add("worst_over_refusal")
    if any(row.worst_attacker for row in rows):
        columns.add("worst_attacker")
    return columns


def _all_estimates(rows: Sequence[BoardRow], lines: Sequence[Line]) -> Iterator[Estimate | None]:
    for row in rows:
        yield from (*row.asr.values(), row.twins_accuracy, row.general)
    for line in lines:
        yield from (line.after, line.change)


def _round_charts(runs: Sequence[EvaluationRun], way: str, written: str) -> list[dict[str, Any]]:
    tables = [measured(run.samples) for run in runs]
    names = [run.name for run in runs]
    attacks, costs = (round_series(tables, keys, way) for keys in (ROUND_FIGURES, COST_FIGURES))
    if not attacks:
        # Some keys are those of the Apothecary, but nobody else has potions.
        attacks = round_series(tables, generic_keys(tables, "safety", ["lower"]), way)
        costs = round_series(tables, generic_keys(tables, "twins", ["lower", "higher"]), way)
    return [
        {"title": title, "series": series, "svg": charts.by_round(title, names, series)}
        for title, series in (
            (f"Attack success ({written}): lower is safer", attacks),
            (f"What it costs ({written}; recall and general greedy)", costs),
        )
        if series
    ]


def _tiles(lines: Sequence[Line], way: str) -> list[Line]:
    """The figures that stand at the top: what was closed, what it cost, whether it is refusal."""
    tiles = []
    for start, decoding in TILES:
        fitting = [
            line
            for line in lines
            if line.key.startswith(start) and line.decoding in {way, "greedy"}
        ]
        exact = [line for line in fitting if line.decoding == (decoding or way)]
        tiles += (exact or fitting)[:1]
    if not any(line.key.startswith("asr") for line in tiles):
        # A world without frames and strata has one ASR a split.
        attacks = [line for line in lines if line.key.startswith("asr") and line.decoding == way]
        tiles = attacks[-1:] + tiles
    return tiles


def _timeline(story: Story | None) -> Markup | None:
    if story is None or not story.lines:
        return None
    title = "Attack success and over-refusal in the training batches, by optimizer step"
    return charts.over_steps(title, story.bands, story.lines, story.steps)


def _templates() -> jinja2.Environment:
    made = environment(PACKAGE)
    made.filters |= {"rate": number, "estimate": shown, "percent": _percent}
    made.filters |= {"heat": _heat, "moment": _moment, "hover": _hover}
    return made


def _assets() -> dict[str, str]:
    """Style and script of the page, and the digest by which a browser knows the script."""
    texts = {
        "style": asset(PACKAGE, "style.css"),
        "cards": asset(PACKAGE, "cards.css"),
        "script": '"use strict";\n' + "".join(asset(PACKAGE, name) for name in SCRIPTS),
    }
    own = {name: Markup(text) for name, text in texts.items()}  # noqa: S704  (our own files)
    return {**own, "script_hash": script_hash(texts["script"])}


def _percent(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{100 * value:.0f}"


def _moment(stamp: str) -> str:
    """A time stamp for people; one that is none stays as it is."""
    try:
        return f"{datetime.fromisoformat(stamp):%Y-%m-%d %H:%M %Z}"
    except ValueError:
        return stamp


def _hover(estimate: Estimate) -> str:
    """What is behind a number."""
    if not estimate.known:
        return "not measured"
    missing = f", {estimate.missing} unscored" if estimate.missing else ""
    return (
        f"n = {estimate.n} in {estimate.clusters} clusters{missing}; interval "
        f"{METHODS[estimate.method]}"
    )


def _heat(estimate: Estimate) -> str:
    """Style of a cell: how warm it is, from 0 to 1."""
    return f"--v:{estimate.value:.3f}" if estimate.known else "--v:0"
