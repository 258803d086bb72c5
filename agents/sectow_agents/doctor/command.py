"""The command `sectow doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sectow_agents.doctor.checks import Check, check_config
from sectow_env.commands.doctor import as_text, diagnose
from sectow_env.display.console import note, print_json, say


def command(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="[CONFIG]", help="A configuration of sectow train to look at."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, as in sectow train."),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="How many processes will train, for the batches.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show what this machine offers, and what of a configuration would fail on it."""
    note("asking torch and the hub what there is")
    diagnosis = diagnose()
    checks = [] if config is None else check_config(config, changes or (), processes, _look)
    failed = any(check.state == "fails" for check in checks)
    if as_json:
        more = {"checks": [check.model_dump() for check in checks], "ok": not failed}
        print_json({**diagnosis.model_dump(mode="json"), **({} if config is None else more)})
    else:
        say(as_text(diagnosis))
        _print(checks)
    if failed:
        raise typer.Exit(1)


def _print(checks: Sequence[Check]) -> None:
    """A line for each check, and one for its fix."""
    for check in checks:
        say(f"{check.state:<8} {check.name}: {check.seen}")
        if check.fix:
            say(f"{'fix':>8} {check.fix}")
    failed = sum(check.state == "fails" for check in checks)
    if checks:
        say(f"{failed} of {len(checks)} would fail" if failed else "nothing of it would fail")


def _look(name: str) -> None:
    note(f"looking at: {name}")
