"""`sectow bench compare` and `sectow bench freeze`: what can be done with finished runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sectow_benchmarks.board.markdown import NOTHING, number
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.display.console import note, print_json, say, stdout
from sectow_env.display.tables import print_table

HEADS = ("before", "after", "change", "n", "p_holm", "retention")
SMALLEST = 0.001
"""Smaller p-values are not told apart."""


def compare(
    before: Annotated[Path, typer.Argument(help="A finished evaluation.")],
    after: Annotated[Path, typer.Argument(help="Another, of the same items.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Paired changes between two evaluations, with intervals and tests."""
    for folder in (before, after):
        EvaluationRun.open(folder)
    note(f"comparing {before} and {after}")
    from sectow_benchmarks.api import compare as compared
    from sectow_benchmarks.api import load_run
    from sectow_benchmarks.board.words import made_by

    table = compared(load_run(before), load_run(after))
    if as_json:
        print_json(json.loads(table.to_json(orient="records")))
        return
    print_table(
        ("figure", "decoding", *HEADS),
        [_row(row) for row in table.to_dict("records")],
        stdout(),
        keys=2,
    )
    say(
        f"{made_by(table['method'])} p: exact McNemar, items taken for independent, Holm over all "
        "rows; retention: within a loss of 0.03."
    )


def _row(row: Mapping[Any, Any]) -> list[str]:
    known, p = not math.isnan(row["change"]), row["p_holm"]
    change, low, high = (f"{row[key]:+.3f}" for key in ("change", "low", "high"))
    return [
        *(row["title"], row["decoding"], number(row["before"]), number(row["after"])),
        *(f"{change} [{low}, {high}]" if known else NOTHING, str(row["n"])),
        *("<0.001" if p < SMALLEST else number(p), row["retention"]),
    ]


def freeze(
    source: Annotated[Path, typer.Argument(help="A finished evaluation, or a training run.")],
    out: Annotated[Path, typer.Option(help="Folder of the pack.")],
    suite: Annotated[str, typer.Option(help="Which attacks of an evaluation.")] = "learned",
    successful: Annotated[
        bool, typer.Option("--successful", help="Only those that got what they asked for.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Save attacks for good, to be replayed by sectow bench --attacks PACK.

    A training run gives what its pool holds: its successful attacks.
    """
    from sectow_benchmarks.results.attack_packs import freeze as frozen

    pack = frozen(source, out, suite=suite, successful=successful)
    if as_json:
        tree = {"attacks": len(pack.items), "sha256": pack.digest, "path": str(pack.path)}
        print_json(tree)
    else:
        say(f"{len(pack.items)} attacks, sha256 {pack.digest}, in {pack.path}")
