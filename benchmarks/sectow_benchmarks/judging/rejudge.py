"""`sectow judge`, and `sectow judge rerun`: stored turns, scored by one more judge.

The answers are not asked for again. The verdicts join those that the evaluation has, and its own
figures stay as they are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sectow_benchmarks.board.terminal import print_report
from sectow_benchmarks.evaluation.judges import published_judges
from sectow_benchmarks.evaluation.progress import counted, progress_bar
from sectow_benchmarks.judging.commands import annotate, audit
from sectow_benchmarks.results.further import further, label_of, looked_at
from sectow_benchmarks.results.journal import RememberedJudge
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import Sample, columns_of, rows_of, turn_of_row
from sectow_env.display.console import note
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.game import Judge
from sectow_env.resolve.names import check_names
from sectow_env.resolve.parts import find_judge

if TYPE_CHECKING:
    from sectow_benchmarks.evaluation.measure import Progress

UNIT = "judged"

app = typer.Typer(
    help="Score stored turns anew, label them by hand, and audit judges.", no_args_is_help=True
)


def rejudge(
    run: EvaluationRun,
    judge: Judge,
    name: str,
    *,
    suites: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> EvaluationRun:
    """Put another judge's verdicts beside those that a closed evaluation has.

    A judge that grades no answers, such as a guard, does not look at capability.

    Args:
        run: The evaluation.
        judge: Looks at its turns; what it gave before a kill is not asked again.
        name: How `--judge` names it.
        suites: Those that it looks at; None: all.
        progress: Called with how many turns have been judged.

    Returns:
        The evaluation as this judge sees it.

    Raises:
        RunFolderError: The evaluation is unfinished, or read-only.
        SectowError: The judge is the one that the evaluation goes by.
    """
    if not run.closed:
        raise RunFolderError(
            given=f"the evaluation in {run.path}",
            why="it is not finished",
            fix="resume it by sectow bench --resume",
        )
    if not os.access(run.path, os.W_OK):
        raise RunFolderError(
            given=f"the evaluation in {run.path}",
            why="its folder is read-only, and the verdicts are written beside the others",
            fix="make it writable, or copy it",
        )
    rows, known = rows_of(run.samples), f"{judge.id}@{judge.version}"
    if known in set(run.samples["judge"]):
        raise ConfigError(
            given=f"the judge {known} on {run.path}",
            why="the evaluation goes by its verdicts already",
            fix="give another judge, or check these with sectow verify",
        )
    entry = further(judge, name, suites)
    pictures = {row["picture"]: run.picture(row["picture"]) for row in rows if row["picture"]}
    turns = [turn_of_row(row, pictures.get(row["picture"])) for row in rows]
    samples = [Sample(**{key: row[key] for key in columns_of(Sample)}) for row in rows]
    journal = run.journal(label_of(name), "verdicts")
    total = sum(row["answered"] and entry.looks_at(row["suite"], row["role"]) for row in rows)
    remembered = RememberedJudge(
        judge, journal, progress and counted(progress, UNIT, lambda _: total)
    )
    verdicts = [row for row in looked_at(samples, turns, remembered, entry) if row is not None]
    run.add_verdicts(verdicts, entry.model_copy(update={"seconds": journal.seconds}))
    return run.judged_by(known)


@app.callback()
def judge() -> None:
    """Score stored turns anew, label them by hand, and audit judges."""


@app.command()
def rerun(
    folder: Annotated[Path, typer.Argument(help="A finished evaluation.")],
    judge: Annotated[str | None, typer.Option(help="A registered judge.")] = None,
    published: Annotated[
        str | None,
        typer.Option(
            help="Instead: the judge of each suite's authors, on that suite, by the endpoint with "
            "these settings: base_url=...&model=..."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report; default: FOLDER/report-JUDGE.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Score stored turns with one more judge; a killed run of it resumes where it was."""
    run = EvaluationRun.open(folder)
    if judge is not None:
        check_names(judge=judge)
    note(f"{judge or 'each judge of the authors'} looks at {folder}")
    chosen = _chosen(run, judge, published)
    for spec in chosen:
        check_names(judge=spec)
    from sectow_benchmarks.evaluation.ground import ground_of
    from sectow_benchmarks.report import build_report

    world = ground_of(run.about["world"].get("name"))
    for spec, suites in chosen.items():
        with progress_bar() as advance:
            seen = rejudge(run, find_judge(spec, world), spec, suites=suites, progress=advance)
        place = out or folder
        if out is None or len(chosen) > 1:
            place /= f"report-{label_of(spec)}"
        print_report(build_report([seen], place).page, as_json)


app.command("audit")(audit)
app.command("annotate")(annotate)


def _chosen(
    run: EvaluationRun, judge: str | None, published: str | None
) -> dict[str, list[str] | None]:
    """The judges by spec, with the suites that each looks at; None for all.

    Raises:
        ConfigError: Both are named, or neither, or no suite has a judge of its authors.
    """
    if (judge is None) == (published is None):
        raise ConfigError(
            given="--judge and --published" if judge else "neither --judge nor --published",
            why="one of them says who looks",
            fix="give --judge SPEC, or --published base_url=...&model=...",
        )
    if judge is not None:
        return {judge: None}
    samples = run.samples[["suite", "suite_kind"]].drop_duplicates()
    specs = published_judges(zip(samples["suite"], samples["suite_kind"], strict=True), published)
    if not specs:
        raise ConfigError(
            given=f"--published on {run.path}",
            why="none of its suites has a judge of its authors that can be run",
            fix="give --judge SPEC",
        )
    return dict(specs)
