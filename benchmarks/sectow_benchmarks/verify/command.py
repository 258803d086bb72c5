"""`sectow verify`: check evaluations, and whether they may be ranked together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from sectow_env.display.console import Bar, note, print_json, say, stdout
from sectow_env.display.printable import one_line
from sectow_env.display.tables import Cell, print_table

if TYPE_CHECKING:
    from sectow_benchmarks.results.run import EvaluationRun
    from sectow_benchmarks.verify.checks import Check

FAILED = 1
MARKS = {"ok": "green", "failed": "bold red", "not checked": "yellow"}


def command(
    folders: Annotated[list[Path], typer.Argument(help="Finished evaluations.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Recompute an evaluation from its samples and check its files; with several, rank them.

    Ends with status 1 when a check failed, or when the evaluations cannot be ranked together.
    """
    note(f"checking {' and '.join(map(str, folders))}")
    from sectow_benchmarks.board.comparable import differences
    from sectow_benchmarks.results.run import EvaluationRun
    from sectow_benchmarks.verify.checks import verify

    runs = [EvaluationRun.open(folder) for folder in folders]
    results = {}
    for run in runs:
        with Bar(f"checking {run.path.name}"):
            results[str(run.path)] = verify(run)
    whole = all(result.outcome != "failed" for checks in results.values() for result in checks)
    apart = {str(run.path): differences(runs[0], run) for run in runs[1:]} if whole else {}
    if as_json:
        _print_json(results, apart)
    else:
        _print(results)
        _print_ranking(runs, apart, whole)
    if not whole or any(apart.values()):
        raise typer.Exit(FAILED)


def _print_json(results: dict[str, list[Check]], apart: dict[str, list[str]]) -> None:
    tree = {
        "checks": {
            path: [result._asdict() for result in checks] for path, checks in results.items()
        },
        "differences": apart,
    }
    print_json(tree)


def _print(results: dict[str, list[Check]]) -> None:
    for path, checks in results.items():
        rows: list[list[Cell]] = [
            [result.name, Text(result.outcome, MARKS[result.outcome]), result.detail]
            for result in checks
        ]
        print_table(("check", "outcome", "what it found"), rows, stdout(), title=path)


def _print_ranking(runs: list[EvaluationRun], apart: dict[str, list[str]], whole: bool) -> None:
    from sectow_benchmarks.board.board import board
    from sectow_benchmarks.board.terminal import print_board

    if len(runs) < 2:
        return
    if not whole:
        say("Not ranked: a check failed.")
        return
    lines = [
        f"Not ranked: {path} differs from {runs[0].path} in its {'; '.join(why)}"
        for path, why in apart.items()
        if why
    ]
    if lines:
        say("\n".join(map(one_line, lines)))
    else:
        print_board(board(runs, runs[0]))
