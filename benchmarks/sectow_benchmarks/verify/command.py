"""`sectow verify`: check evaluations, and whether they may be ranked together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from sectow_benchmarks.suites.registry import check_suite_names
from sectow_env.display.console import Bar, note, print_json, say, stdout
from sectow_env.display.printable import one_line
from sectow_env.display.tables import Cell, print_table
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.resolve.names import check_names

if TYPE_CHECKING:
    from sectow_benchmarks.results.run import EvaluationRun
    from sectow_benchmarks.verify.findings import Check

FAILED = 1
UNVERIFIED = 2
MARKS = {"ok": "green", "failed": "bold red", "unverified": "bold yellow", "not checked": "dim"}
Pack = Annotated[
    list[Path] | None,
    typer.Option(help="A scenario pack or a folder of frozen attacks; may be given again."),
]
WorldSpec = Annotated[str | None, typer.Option(help="The world, where it is not built in.")]
SuiteSpec = Annotated[
    list[str] | None, typer.Option(help="A suite that is not built in; may be given again.")
]
JudgeSpec = Annotated[
    list[str] | None,
    typer.Option(help="A judge that asks a model or is not registered; may be given again."),
]
Ask = Annotated[int, typer.Option(min=0, help="Put so many drawn questions to the model again.")]
Seed = Annotated[int, typer.Option(min=0, help="Draws the questions of --ask.")]
ModelSpec = Annotated[
    str | None, typer.Option(help="The model of --ask; default: the recorded weights or script.")
]


def command(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    folders: Annotated[list[Path], typer.Argument(help="Finished evaluations.")],
    pack: Pack = None,
    world: WorldSpec = None,
    suite: SuiteSpec = None,
    judge: JudgeSpec = None,
    ask: Ask = 0,
    seed: Seed = 0,
    model: ModelSpec = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Recompute an evaluation from its samples and check its files; with several, rank them.

    What a folder names (packs, servers, code, models) is not opened because it names it: give it
    by an option, and it is accepted if it is what was recorded.

    Ends with status 1 when a check failed or the evaluations cannot be ranked together, and else
    with 2 when one could not be verified, because something that it needs is not here. "not
    checked" (weights that are elsewhere, no report) changes nothing; with --ask the model must be
    here.
    """
    _check_given(folders, pack or [])
    if model is not None and not ask:
        raise ConfigError(
            given=f"--model {model} without --ask",
            why="no model is asked then",
            fix="say how many questions it is asked, for example --ask 20",
        )
    check_suite_names(suite or ())
    for name in judge or ():
        check_names(judge=name)
    check_names(world=world, defenders=[model])
    note(f"checking {' and '.join(map(str, folders))}")
    from sectow_benchmarks.board.comparable import differences
    from sectow_benchmarks.verify.checks import verify
    from sectow_benchmarks.verify.evidence import Asking, Offered
    from sectow_benchmarks.verify.folder import open_run

    given = Offered(tuple(pack or ()), world, tuple(suite or ()), tuple(judge or ()), model)
    asking = Asking(ask, seed) if ask else None
    runs = [open_run(folder) for folder in folders]
    results = {}
    for run in runs:
        with Bar(f"checking {run.path.name}") as bar:
            show = partial(bar.update, 0)
            results[str(run.path)] = verify(run, given, asking, show)
    outcomes = {result.outcome for checks in results.values() for result in checks}
    whole = not outcomes & {"failed", "unverified"}
    apart = {str(run.path): differences(runs[0], run) for run in runs[1:]} if whole else {}
    if as_json:
        _print_json(results, apart)
    else:
        for path, checks in results.items():
            print_checks(path, checks)
        _print_ranking(runs, apart, whole)
    if "failed" in outcomes or any(apart.values()):
        raise typer.Exit(FAILED)
    if not whole:
        raise typer.Exit(UNVERIFIED)


def _check_given(folders: list[Path], packs: list[Path]) -> None:
    """Raises RunFolderError for a path that is not there, before anything heavy is imported."""
    for folder in folders:
        if not (folder / "run.json").is_file():
            raise RunFolderError(
                given=f"the folder {folder}",
                why="it has no run.json",
                fix="give a folder that sectow bench wrote",
            )
    for path in packs:
        if not path.exists():
            raise RunFolderError(
                given=f"--pack {path}", why="there is no such file", fix="check the path"
            )


def _print_json(results: dict[str, list[Check]], apart: dict[str, list[str]]) -> None:
    tree = {
        "checks": {
            path: [result._asdict() for result in checks] for path, checks in results.items()
        },
        "differences": apart,
    }
    print_json(tree)


def print_checks(title: str, checks: Sequence[Check]) -> None:
    """Print what checks came to, as a table."""
    rows: list[list[Cell]] = [
        [result.name, Text(result.outcome, MARKS[result.outcome]), result.detail]
        for result in checks
    ]
    print_table(("check", "outcome", "what it found"), rows, stdout(), title=title)


def _print_ranking(runs: list[EvaluationRun], apart: dict[str, list[str]], whole: bool) -> None:
    from sectow_benchmarks.board.board import board
    from sectow_benchmarks.board.entry import Board
    from sectow_benchmarks.board.terminal import print_board

    if len(runs) < 2:
        return
    if not whole:
        say("Not ranked: a check failed, or an evaluation could not be verified.")
        return
    lines = [
        f"Not ranked: {path} differs from {runs[0].path} in its {'; '.join(why)}"
        for path, why in apart.items()
        if why
    ]
    if lines:
        say("\n".join(map(one_line, lines)))
    else:
        print_board(Board(rows=tuple(board(runs))))
