"""Puts the page together, and writes it with the board beside it."""

from __future__ import annotations

import base64
import hashlib
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import jinja2
from markupsafe import Markup

from sectow_benchmarks.board.attacker_figures import AttackerFigures, attacker_figures_of
from sectow_benchmarks.board.board import BoardRow, Gates, board
from sectow_benchmarks.board.entry import Board
from sectow_benchmarks.board.figures import measured
from sectow_benchmarks.board.files import files_of
from sectow_benchmarks.board.markdown import number, shown, table
from sectow_benchmarks.board.words import intervals, ranking
from sectow_benchmarks.report import charts
from sectow_benchmarks.report.examples import KINDS, choose
from sectow_benchmarks.report.public import is_fictional, public_runs
from sectow_benchmarks.report.reading import attempts, terms
from sectow_benchmarks.report.story import SMOOTHING, Story
from sectow_benchmarks.report.tables import (
    COST_FIGURES,
    ROUND_FIGURES,
    Line,
    agreement,
    before_after,
    decodings_of,
    generic_keys,
    grouped,
    heat_map,
    in_order,
    round_series,
    weakness_map,
)
from sectow_benchmarks.report.transcripts import FOLDER, PICTURES, Transcripts, write_transcripts
from sectow_benchmarks.report.visible import visible
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.stats import METHODS, Estimate
from sectow_benchmarks.stats.retention import MARGIN
from sectow_env.files import write_text

TILES = (
    *(("asr_held_out_frames", None), ("asr_test_cue", None), ("over_refusal_test", "greedy")),
    *(("twins_test", "greedy"), ("recall", "greedy")),
)
"""Keys and decodings of the figures at the top; None takes the page's decoding."""
SCRIPTS = tuple(f"scripts/{name}.js" for name in ("tables", "chunks", "list", "item", "browser"))
"""The page's own script is these, one after the other."""
Profile = Literal["public", "local"]


@dataclass(frozen=True)
class Report:
    """What was written."""

    page: Path
    files: tuple[Path, ...]


def build_report(
    runs: Sequence[EvaluationRun],
    out: Path,
    *,
    attacks: Sequence[EvaluationRun] = (),
    story: Story | None = None,
    profile: Profile = "public",
    gates: Gates | None = None,
    bases: Sequence[EvaluationRun] | None = None,
) -> Report:
    """Write `index.html`, `figures.md`, `leaderboard.md`, `.csv`, `.json`, `.tex` into a folder.

    Args:
        runs: Closed evaluations of one world, the base first, the defender in question last.
        out: The folder; made if it is missing.
        attacks: Closed evaluations whose attackers are reported, in order; default: `runs`.
        story: The training run that they belong to.
        profile: `public` leaves out queries, responses and pictures unless the world is fictional,
            and paths, addresses and prompts anyway; `local` shows all of it and says so.
        gates: What a row must keep to be ranked.
        bases: What each of the runs is compared with on the board; default: the first of them.

    Raises:
        ValueError: There is no evaluation, or they cannot be compared.
    """
    if not runs:
        raise ValueError("a report needs at least one evaluation")
    out.mkdir(parents=True, exist_ok=True)
    # By place, since public evaluations are others.
    compared = [0] * len(runs) if bases is None else [list(runs).index(base) for base in bases]
    if profile == "public":
        shown = public_runs([*runs, *attacks])
        runs, attacks = shown[: len(runs)], shown[len(runs) :]
    rows = board(runs, gates=gates, bases=[runs[place] for place in compared])
    attackers = [
        figures for run in attacks or runs if (figures := attacker_figures_of(run)) is not None
    ]
    samples = _samples(runs, out, profile)
    page = render(
        runs, rows, attackers, samples, story=story, profile=profile, gates=gates or Gates()
    )
    written = {
        "index.html": visible(page),
        "figures.md": figures_table(before_after(runs[0] if len(runs) > 1 else None, runs[-1])),
        **files_of(Board.of(rows, gates, profile)),
    }
    for name, text in written.items():
        write_text(out / name, text)
    return Report(out / "index.html", (*(out / name for name in written), *samples.files))


def _samples(runs: Sequence[EvaluationRun], out: Path, profile: Profile) -> Transcripts:
    """Write the data beside the page; what an earlier page had there may be private."""
    folder = out / FOLDER
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / PICTURES).mkdir(parents=True)
    return write_transcripts(runs, out, public=profile == "public")


def figures_table(lines: Sequence[Line]) -> str:
    """The figures before and after as a Markdown table, with intervals and n."""
    rows = [
        (
            *(line.title, line.decoding, shown(line.before, count="")),
            *(shown(line.after, count=""), str(line.after.n)),
        )
        for line in lines
    ]
    text = table(("figure", "decoding", "before", "after", "n"), rows)
    return "\n".join([*text, "", intervals(line.after for line in lines)]) + "\n"


def render(
    runs: Sequence[EvaluationRun],
    rows: Sequence[BoardRow],
    attackers: Sequence[AttackerFigures],
    samples: Transcripts,
    *,
    story: Story | None,
    profile: Profile,
    gates: Gates,
) -> str:
    """The page as text."""
    before, after = (runs[0] if len(runs) > 1 else None), runs[-1]
    fictional = is_fictional(after.about)
    redact = profile == "public" and not fictional
    way = "sampled" if (after.samples["decoding"] == "sampled").any() else "greedy"
    decodings = decodings_of(after)
    weak = weakness_map(before, after, way)
    lines = before_after(before, after)
    template = _templates().get_template("page.html.j2")
    return template.render(
        **_assets(),
        title=f"SecTOW report: {after.name}",
        rounds_played=max((phase.round for phase in story.phases), default=0) if story else 0,
        runs=runs,
        before=before,
        after=after,
        board=rows,
        ranking=ranking(rows[0].split, gates),
        margin=MARGIN,
        terms=terms(after, gates, _all_estimates(rows, lines), fictional=fictional),
        lines=grouped(lines),
        attackers=attackers,
        attacker_channels=in_order(
            (name for figures in attackers for name in figures.channels), runs
        ),
        attempts=attempts(after),
        tiles=_tiles(lines, decodings[way]),
        rounds=_round_charts(runs, way, decodings[way]),
        heat=heat_map(runs, way),
        weak=weak,
        weak_summary=agreement(weak),
        way=decodings[way],
        decodings=decodings,
        kinds=KINDS,
        examples=choose(before, after, redact=redact),
        samples=samples,
        redacted=redact,
        raw=profile == "local",
        fictional=fictional,
        unit="potions" if fictional else "clusters",
        story=story,
        timeline=_timeline(story),
        smoothing=SMOOTHING,
        stroke=charts.stroke,
        marker=charts.marker,
    )


def _all_estimates(rows: Sequence[BoardRow], lines: Sequence[Line]) -> Iterator[Estimate | None]:
    for row in rows:
        yield from (*row.asr.values(), row.twins, row.general)
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
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sectow_benchmarks.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"rate": number, "estimate": shown, "percent": _percent}
    environment.filters |= {"heat": _heat, "moment": _moment, "hover": _hover}
    return environment


def _assets() -> dict[str, str]:
    """Style and script of the page, and the digest by which a browser knows the script."""
    home = files("sectow_benchmarks.report") / "templates"

    def text(*names: str) -> str:
        return "".join(home.joinpath(name).read_text(encoding="utf-8") for name in names)

    texts = {
        "style": text("style.css"),
        "cards": text("cards.css"),
        "script": '"use strict";\n' + text(*SCRIPTS),
    }
    digest = base64.b64encode(hashlib.sha256(texts["script"].encode()).digest()).decode()
    own = {name: Markup(text) for name, text in texts.items()}  # noqa: S704  (our own files)
    return {**own, "script_hash": f"sha256-{digest}"}


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
