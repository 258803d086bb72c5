"""`sectow judge`, and `sectow judge rerun`: stored turns, scored anew by another judge.

The answers are not asked for again. What comes out is an evaluation of its own, with the same
questions and answers, and with the judge's name on it; the old one stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from sectow_benchmarks.judging.commands import annotate, audit
from sectow_benchmarks.results.checksums import file_digest
from sectow_benchmarks.results.journal import RememberedJudge
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import LABELS, judged, rows_of, turn_of_row
from sectow_env.errors import RunFolderError
from sectow_env.files import folder_name
from sectow_env.game import Judge, settle
from sectow_env.registry.spec import SEPARATOR
from sectow_env.resolve.parts import find_judge, find_reward
from sectow_env.resolve.worlds import load_world

UNIT = "judged"
Told = Callable[[str, int, int], None]

app = typer.Typer(
    help="Score stored turns anew, label them by hand, and audit judges.", no_args_is_help=True
)


def rejudge(
    run: EvaluationRun, judge: Judge, name: str, out: Path, *, progress: Told | None = None
) -> EvaluationRun:
    """Score all turns of a closed evaluation with another judge.

    Args:
        run: The evaluation.
        judge: Looks at its turns; what it said before a kill is not asked again.
        name: How `--judge` names it.
        out: Folder of the new evaluation; one that was begun goes on.
        progress: Is told how many turns have been judged.

    Raises:
        RunFolderError: The evaluation is unfinished, or the folder holds something else.
    """
    if not run.closed:
        raise RunFolderError(
            given=f"the evaluation in {run.path}",
            why="it is not finished",
            fix="go on with it by sectow bench --resume",
        )
    about: dict[str, Any] = {
        **{key: value for key, value in run.about.items() if key not in {"schema", "kind"}},
        "judge": f"{judge.id}@{judge.version}",
        "settings": {**run.about["settings"], "judge": name},
        "judged_from": {
            "name": run.name,
            "judge": run.about["judge"],
            "samples_sha256": file_digest(run.path / "samples.parquet"),
        },
    }
    new = EvaluationRun.resume(out, about)
    if not new.done(UNIT):
        rows = rows_of(run.samples.drop(columns=list(LABELS)))
        pictures = {row["picture"]: run.picture(row["picture"]) for row in rows if row["picture"]}
        turns = [turn_of_row(row, pictures.get(row["picture"])) for row in rows]
        kept = RememberedJudge(judge, new.journal(UNIT, "verdicts"), _counter(progress, turns))
        episodes = settle(turns, kept, find_reward(None))
        scored = [judged(row, episode) for row, episode in zip(rows, episodes, strict=True)]
        there = {digest: png for digest, png in pictures.items() if png is not None}
        new.add(UNIT, scored, there, seconds=run.seconds)
    new.close()
    return new


def label_of(judge: str) -> str:
    """What a folder is called after a judge: its name, and a digest of its settings."""
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
    out: Annotated[Path | None, typer.Option(help="Folder of the new evaluation.")] = None,
) -> None:
    """Score stored turns with another judge; a killed one goes on where it was."""
    from sectow_benchmarks.evaluation.progress import progress_bar
    from sectow_benchmarks.report import build_report

    run = EvaluationRun.open(folder)
    world = load_world(run.about["world"]["name"])
    path = out or folder.with_name(f"{folder.name}-{label_of(judge)}")
    with progress_bar() as tell:
        new = rejudge(run, find_judge(judge, world), judge, path, progress=tell)
    report = build_report([new], path / "report")
    typer.echo((report.page.parent / "leaderboard.md").read_text("utf-8"))
    typer.echo(f"page: {report.page.resolve()}")


app.command("audit")(audit)
app.command("annotate")(annotate)


def _counter(progress: Told | None, turns: list[Any]) -> Callable[[int], None] | None:
    if progress is None:
        return None
    done, total = 0, sum(turn.response is not None for turn in turns)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(UNIT, done, total)

    return advance
