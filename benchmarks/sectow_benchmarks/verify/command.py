"""`sectow verify`: check evaluations, and whether they may be ranked together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    from sectow_benchmarks.board.comparable import differences
    from sectow_benchmarks.results.run import EvaluationRun
    from sectow_benchmarks.verify.checks import verify

    runs = [EvaluationRun.open(folder) for folder in folders]
    results = {str(run.path): verify(run) for run in runs}
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
    typer.echo(json.dumps(tree, indent=2))


def _print(results: dict[str, list[Check]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for path, checks in results.items():
        table = Table("check", "outcome", "what it found", title=Text(path), title_justify="left")
        for result in checks:
            # The detail of a damaged run is text, never markup.
            table.add_row(
                result.name, Text(result.outcome, MARKS[result.outcome]), Text(result.detail)
            )
        console.print(table)


def _print_ranking(runs: list[EvaluationRun], apart: dict[str, list[str]], whole: bool) -> None:
    from sectow_benchmarks.board.board import board
    from sectow_benchmarks.board.files import to_markdown

    if len(runs) < 2:
        return
    if not whole:
        typer.echo("Not ranked: a check failed.")
        return
    lines = [
        f"Not ranked: {path} differs from {runs[0].path} in its {'; '.join(why)}"
        for path, why in apart.items()
        if why
    ]
    typer.echo("\n".join(lines) if lines else to_markdown(board(runs, runs[0])))
