"""`sectow judge`, and `sectow judge rerun`: stored turns, scored by one more judge.

The answers are not asked for again. The verdicts join those that the evaluation has, and its own
figures stay as they are.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sectow_benchmarks.board.terminal import print_report
from sectow_benchmarks.judging.commands import annotate, audit
from sectow_benchmarks.results.journal import RememberedJudge
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import rows_of, turn_of_row, verdict_row
from sectow_env.display.console import note
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.files import folder_name
from sectow_env.game import Judge, settle
from sectow_env.registry.spec import SEPARATOR
from sectow_env.resolve.names import check_names
from sectow_env.resolve.parts import find_judge, find_reward
from sectow_env.resolve.worlds import load_world

if TYPE_CHECKING:
    from sectow_benchmarks.evaluation.measure import Progress

UNIT = "judged"

app = typer.Typer(
    help="Score stored turns anew, label them by hand, and audit judges.", no_args_is_help=True
)


def rejudge(
    run: EvaluationRun, judge: Judge, name: str, *, progress: Progress | None = None
) -> EvaluationRun:
    """Put another judge's verdicts on all turns beside those that a closed evaluation has.

    Args:
        run: The evaluation.
        judge: Looks at its turns; what it gave before a kill is not asked again.
        name: How `--judge` names it.
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
    pictures = {row["picture"]: run.picture(row["picture"]) for row in rows if row["picture"]}
    turns = [turn_of_row(row, pictures.get(row["picture"])) for row in rows]
    journal = run.journal(label_of(name), "verdicts")
    episodes = settle(
        turns, RememberedJudge(judge, journal, _counter(progress, turns)), find_reward(None)
    )
    verdicts = [
        verdict_row(row["sample"], episode) for row, episode in zip(rows, episodes, strict=True)
    ]
    run.add_verdicts(verdicts, name, journal.seconds)
    return run.judged_by(known)


def label_of(judge: str) -> str:
    """What files are called after a judge: its name, and a digest of its settings."""
    name, _, settings = judge.partition(SEPARATOR)
    mark = f"-{hashlib.sha256(settings.encode()).hexdigest()[:8]}" if settings else ""
    return folder_name(name) + mark


@app.callback()
def judge() -> None:
    """Score stored turns anew, label them by hand, and audit judges."""


@app.command()
def rerun(
    folder: Annotated[Path, typer.Argument(help="A finished evaluation.")],
    judge: Annotated[str, typer.Option(help="A registered judge.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report; default: FOLDER/report-JUDGE.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Score stored turns with one more judge; a killed run of it resumes where it was."""
    run = EvaluationRun.open(folder)
    check_names(judge=judge)
    note(f"{judge} looks at {folder}")
    from sectow_benchmarks.evaluation.progress import progress_bar
    from sectow_benchmarks.report import build_report

    world = load_world(run.about["world"]["name"])
    with progress_bar() as advance:
        seen = rejudge(run, find_judge(judge, world), judge, progress=advance)
    report = build_report([seen], out or folder / f"report-{label_of(judge)}")
    print_report(report.page, as_json)


app.command("audit")(audit)
app.command("annotate")(annotate)


def _counter(progress: Progress | None, turns: list[Any]) -> Callable[[int], None] | None:
    if progress is None:
        return None
    done, total = 0, sum(turn.response is not None for turn in turns)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(UNIT, done, total)

    return advance
