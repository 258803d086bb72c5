"""`sectow check`: the conformance suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from sectow_env.check.apart import Job, checked_apart
from sectow_env.check.checks_by_kind import CHECKS_BY_KIND
from sectow_env.check.result import CheckResult, Kind, Outcome
from sectow_env.check.runner import name_of, summary_of
from sectow_env.check.targets import DEFAULT_WORLD
from sectow_env.display.console import Bar, note, print_json, stdout
from sectow_env.display.printable import printable
from sectow_env.display.tables import Cell, print_table
from sectow_env.errors import ConfigError, unknown

FAILED = 1
TIME_LIMIT = 300.0
"""A model on a small machine is slow; a part that never returns is stopped."""
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
        str,
        typer.Option(
            help="The world in which environments, judges, policies and channels are checked."
        ),
    ] = DEFAULT_WORLD,
    kind: Annotated[
        str | None, typer.Option(help=f"Check it as this kind only: {', '.join(CHECKS_BY_KIND)}.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all draws.")] = 0,
    time_limit: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds for each check, and for building what is checked."),
    ] = TIME_LIMIT,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    show: Annotated[
        bool, typer.Option("--list", help="List the checks of each kind and run none.")
    ] = False,
) -> None:
    """Check an environment, world, judge, policy, channel or renderer; exits with 1 on failure."""
    selected = _kind(kind)
    if show:
        _print_list(selected, json)
        return
    if target is None:
        raise ConfigError(
            given="sectow check without a target",
            why="there is nothing to check",
            fix="name one, such as SecTOW-v0 or apothecary:0, or give --list",
        )
    note(f"checking {target} (in {world}), at most {time_limit:g} s for each check")
    results: list[CheckResult] = []
    with Bar("checking") as bar:
        job = Job(target, world, selected, seed, time_limit)
        results.extend(checked_apart(job, lambda now: bar.update(len(results), now.check)))
    if json:
        print_json([result.model_dump(mode="json") for result in results])
    else:
        print_results(results, stdout())
    if any(result.outcome == "failed" for result in results):
        raise typer.Exit(FAILED)


def print_results(results: Sequence[CheckResult], console: Console) -> None:
    """Print a table of outcomes, then all findings and warnings in full."""
    subjects = dict.fromkeys((result.kind, result.subject) for result in results)
    for kind, subject in subjects:
        rows: list[list[Cell]] = [
            [
                result.name,
                Text(result.outcome, style=STYLES[result.outcome]),
                "see below" if result.outcome == "failed" else result.message,
            ]
            for result in results
            if (result.kind, result.subject) == (kind, subject)
        ]
        print_table(("check", "outcome", "message"), rows, console, title=f"{kind} {subject}")
    unbroken = not console.is_terminal
    for result in results:
        if result.outcome == "failed":
            title = Text(f"\n{result.name} failed", style="bold red")
            console.print(
                title + Text(f": {_summary(result)}", style="not bold"),
                soft_wrap=unbroken,
            )
            console.print(printable(_indented(result.message), lines=True), soft_wrap=unbroken)
        for warning in result.warnings:
            console.print(
                Text(f"{result.name} warned: ") + printable(warning),
                soft_wrap=unbroken,
            )
    counts = Counter(result.outcome for result in results)
    total = ", ".join(f"{counts[outcome]} {outcome}" for outcome in STYLES if counts[outcome])
    console.print(f"\n{total} in {sum(result.seconds for result in results):.1f} s")


def _summary(result: CheckResult) -> str:
    matching = (check for check in CHECKS_BY_KIND[result.kind] if name_of(check) == result.name)
    return next((summary_of(check) for check in matching), "")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _kind(given: str | None) -> Kind | None:
    for kind in CHECKS_BY_KIND:
        if given == kind:
            return kind
    if given is None:
        return None
    raise unknown("kind", given, CHECKS_BY_KIND)


def _print_list(selected: Kind | None, as_json: bool) -> None:
    rows = [
        (kind, name_of(check), summary_of(check))
        for kind, checks in CHECKS_BY_KIND.items()
        if selected in (None, kind)
        for check in checks
    ]
    if as_json:
        print_json([dict(zip(("kind", "check", "summary"), row, strict=True)) for row in rows])
    else:
        heads = ("kind", "check", "what is true when it passes")
        print_table(heads, rows, stdout(), keys=2)
