"""`sectow bench compare` and `sectow bench freeze`: what can be done with finished runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

SMALLEST = 0.001
"""Smaller p-values are not told apart."""


def compare(
    before: Annotated[Path, typer.Argument(help="A finished evaluation.")],
    after: Annotated[Path, typer.Argument(help="Another, of the same items.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Paired changes between two evaluations, with intervals and tests."""
    from sectow_benchmarks.api import compare as compared
    from sectow_benchmarks.api import load_run

    table = compared(load_run(before), load_run(after))
    if as_json:
        typer.echo(json.dumps(json.loads(table.to_json(orient="records")), indent=2))
        return
    shown = ("title", "decoding", "before", "after", "change", "low", "high", "n", "p_holm")
    printed = table[[*shown, "retention"]].rename(columns={"title": "figure"})
    printed["p_holm"] = ["<0.001" if p < SMALLEST else f"{p:.3f}" for p in printed["p_holm"]]
    typer.echo(printed.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    typer.echo(
        "95% intervals of the change by cluster bootstrap; p: exact McNemar, items taken for "
        "independent, Holm over all rows; retention: within a loss of 0.03."
    )


def freeze(
    source: Annotated[Path, typer.Argument(help="A finished evaluation, or a training run.")],
    out: Annotated[Path, typer.Option(help="Folder of the pack.")],
    suite: Annotated[str, typer.Option(help="Which attacks of an evaluation.")] = "learned",
    successful: Annotated[
        bool, typer.Option("--successful", help="Only those that got what they asked for.")
    ] = False,
) -> None:
    """Save attacks for good, to be replayed by sectow bench --attacks PACK.

    A training run gives what its pool holds: its successful attacks.
    """
    from sectow_benchmarks.results.attack_packs import freeze as frozen

    pack = frozen(source, out, suite=suite, successful=successful)
    typer.echo(f"{len(pack.items)} attacks, sha256 {pack.digest}, in {pack.path}")
