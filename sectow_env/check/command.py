"""`sectow check`: the conformance suite."""

from __future__ import annotations

import json as json_text
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sectow_env.check.result import CheckResult, Kind, Outcome
from sectow_env.check.runner import name_of, summary_of
from sectow_env.check.suite import SUITES, check
from sectow_env.check.targets import DEFAULT_WORLD
from sectow_env.display.printable import printable
from sectow_env.errors import ConfigError, unknown

FAILED = 1
STYLES: Mapping[Outcome, str] = {"passed": "green", "failed": "bold red", "skipped": "yellow"}


def command(
    target: Annotated[
        str | None,
        typer.Argument(
            help="An environment's id, a world, a pack, a registered judge, policy, channel or "
            "renderer, a model's folder or hub id, or an import path package.module:attribute."
        ),
    ] = None,
    world: Annotated[
        str, typer.Option(help="Where environments, judges, policies and channels are checked.")
    ] = DEFAULT_WORLD,
    kind: Annotated[
        str | None, typer.Option(help=f"Check it as this alone: {', '.join(SUITES)}.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all draws.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    show: Annotated[
        bool, typer.Option("--list", help="List the checks of each kind and run none.")
    ] = False,
) -> None:
    """Check an environment, world, judge, policy, channel or renderer; ends with 1 on a failure."""
    wanted = _kind(kind)
    if show:
        _print_list(wanted)
        return
    if target is None:
        raise ConfigError(
            given="sectow check without a target",
            why="it does not know what to check",
            fix="name one, such as SecTOW-v0 or apothecary:0, or give --list",
        )
    results = check(target, world=world, kind=wanted, seed=seed)
    if json:
        typer.echo(json_text.dumps([one.model_dump(mode="json") for one in results], indent=2))
    else:
        print_results(results, Console(highlight=False))
    if any(one.outcome == "failed" for one in results):
        raise typer.Exit(FAILED)


def print_results(results: Sequence[CheckResult], console: Console) -> None:
    """Prints a table of outcomes, then what failed and what was warned of, in full."""
    table = Table("check", "outcome", "says", box=None, pad_edge=False)
    subject = None
    for one in results:
        if (one.kind, one.subject) != subject:
            subject = (one.kind, one.subject)
            table.add_row(Text(f"{one.kind} ", style="bold") + printable(one.subject))
        says = "see below" if one.outcome == "failed" else one.says
        outcome = Text(one.outcome, style=STYLES[one.outcome])
        table.add_row(f"  {one.name}", outcome, printable(says))
    console.print(table)
    for one in results:
        if one.outcome == "failed":
            title = Text(f"\n{one.name} failed", style="bold red")
            console.print(title + Text(f": {_summary(one)}", style="not bold"), soft_wrap=True)
            console.print(printable(_indented(one.says)), soft_wrap=True)
        for warning in one.warnings:
            console.print(Text(f"{one.name} warned: ") + printable(warning), soft_wrap=True)
    counts = Counter(one.outcome for one in results)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in STYLES if counts[outcome])
    console.print(f"\n{told} in {sum(one.seconds for one in results):.1f} s")


def _summary(result: CheckResult) -> str:
    found = (one for one in SUITES[result.kind] if name_of(one) == result.name)
    return next((summary_of(one) for one in found), "")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _kind(given: str | None) -> Kind | None:
    for kind in SUITES:
        if given == kind:
            return kind
    if given is None:
        return None
    raise unknown("kind", given, SUITES)


def _print_list(wanted: Kind | None) -> None:
    table = Table("kind", "check", "what holds when it passes", box=None, pad_edge=False)
    for kind, checks in SUITES.items():
        if wanted in (None, kind):
            for one in checks:
                table.add_row(kind, name_of(one), summary_of(one))
    Console(highlight=False, markup=False).print(table)
