"""The command `sectow train`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sectow_env.display.console import note, print_json, say, stdout
from sectow_env.display.tables import print_table
from sectow_env.errors import ConfigError

if TYPE_CHECKING:
    from sectow_agents.run.run import RunSummary
    from sectow_agents.settings.run_config import RunConfig

INTERRUPTED = 130
HEADINGS = {
    "over_refusal": "over-refusal",
    "accuracy": "accuracy",
    "learned_asr": "ASR",
    "invalid": "invalid",
    "channels": "channels",
    "frames": "frames",
}
"""Figures of the monitor, and how the table heads them."""


def train(
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Settings to change, such as attacker.training.steps=10."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="YAML with the settings; see configs/."),
    ] = None,
    run: Annotated[Path | None, typer.Option("--run", help="Run folder.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Seed of the run.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue after the last checkpoint.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of a table.")
    ] = False,
) -> None:
    """Train attacker and defender in turn."""
    settings = _settings(config, changes or [], run, seed, resume)
    from sectow_agents.run.folder import RunFolder
    from sectow_agents.run.parts import find_parts

    if os.environ.get("RANK", "0") == "0":
        note(f"training in {settings.run}")
    # Wrong keys, names and folders are reported at once; only then are torch and the rest loaded.
    RunFolder.check(settings, resume=resume)
    parts = find_parts(settings)
    from sectow_agents.processes import own_share
    from sectow_agents.tug_of_war import TugOfWar

    if own_share().main:
        note(f"the judge {parts.judge.id}@{parts.judge.version} prices both seats")
    try:
        summary = TugOfWar(settings, parts=parts).run(resume=resume)
    except KeyboardInterrupt:
        _print_how_to_resume(settings, config, changes or [])
        raise typer.Exit(INTERRUPTED) from None
    if not own_share().main:
        return
    if as_json:
        print_json(summary_json(summary))
    else:
        _print_table(summary)
        _print_gate(summary)
        say(f"run folder: {summary.folder}")


def summary_json(summary: RunSummary) -> dict[str, Any]:
    """A run's summary as JSON-able data."""
    return {
        "folder": str(summary.folder),
        "base": summary.base.figures(),
        "phases": [
            {
                "round": done.summary.round,
                "seat": done.summary.seat,
                "seconds": done.summary.seconds,
                "admitted": done.admitted,
                "objections": list(done.objections),
                "accepted": done.accepted,
                **done.quality.figures(),
            }
            for done in summary.phases
        ],
        "pool": summary.pool,
        "stopped": summary.stopped,
    }


def _settings(
    config: Path | None, changes: list[str], run: Path | None, seed: int | None, resume: bool
) -> RunConfig:
    from sectow_agents.settings.file import load_config

    if run is not None:
        changes = [*changes, f"run={json.dumps(str(run))}"]
    if seed is not None:
        changes = [*changes, f"seed={seed}"]
    if config is not None:
        return load_config(config, changes)
    if not (resume and run is not None):
        raise ConfigError(
            given="sectow train without --config",
            why="there are no settings to train with",
            fix="give --config FILE, for example configs/apothecary.yaml, or --resume --run FOLDER",
        )
    from sectow_agents.run.folder import RunFolder

    return RunFolder.open(run).config(changes)


def _print_how_to_resume(settings: RunConfig, config: Path | None, changes: list[str]) -> None:
    given = [] if config is None else ["--config", str(config), *changes]
    seeded = [] if config is None else ["--seed", str(settings.seed)]
    words = ["sectow", "train", *given, *seeded, "--run", str(settings.run), "--resume"]
    shown = " ".join(f"'{word}'" if " " in word else word for word in words)
    note(f"interrupted; all finished phases are kept in {settings.run}", "")
    note(f"resume with: {shown}", "")


def _print_table(summary: RunSummary) -> None:
    """One row per phase."""
    names = list(HEADINGS)
    rows = [["base", *(_cell(summary.base.figures()[name]) for name in names), ""]]
    for done in summary.phases:
        seat = done.summary.seat
        admitted = str(done.admitted) if seat == "attacker" else ""
        figures = done.quality.figures()
        rows.append(
            [f"{done.summary.round} {seat}", *(_cell(figures[name]) for name in names), admitted]
        )
    print_table(("after", *HEADINGS.values(), "new"), rows, stdout(), title="Secure Tug-of-War")
    say(
        "the monitor's figures on the validation split; ASR: attack success rate of the attacker "
        "at that point; channels, frames: effective number; new: attacks for the pool",
        "dim",
    )


def _print_gate(summary: RunSummary) -> None:
    for done in summary.phases:
        for objection in done.objections:
            kept = "kept nevertheless" if done.accepted else "not accepted"
            say(f"gate, round {done.summary.round}: {objection}; {kept}")


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
