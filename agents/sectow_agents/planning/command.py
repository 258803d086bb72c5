"""`sectow plan`: memory, time and disk of a run, before anything is loaded."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sectow_env.display.console import note, print_json, say, stdout
from sectow_env.display.tables import print_table

if TYPE_CHECKING:
    from sectow_agents.planning.plan import PhasePlan, Plan
    from sectow_agents.planning.range import Range

LONGEST = 3
"""Prompts that are shown."""
TOO_LARGE = 1


def plan(
    config: Annotated[Path, typer.Argument(help="YAML with the settings; see configs/.")],
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change."),
    ] = None,
    gpu: Annotated[
        str | None,
        typer.Option("--gpu", help="h100, h200, a100, l4, ...; default: this machine's, or h100."),
    ] = None,
    gpus: Annotated[int, typer.Option("--gpus", min=1, help="How many share a batch.")] = 1,
    sharding: Annotated[
        Literal["none", "zero2", "full"],
        typer.Option("--sharding", help="full: FSDP2 or ZeRO-3; zero2: gradients and optimizer."),
    ] = "none",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what memory, time and disk a run needs, from configurations alone."""
    from sectow_agents.planning.machines import DEFAULT, gpu_of
    from sectow_agents.run.parts import find_played
    from sectow_agents.settings.file import load_config

    given = None if gpu is None else gpu_of(gpu)
    settings = load_config(config, changes or [])
    world = find_played(settings)
    note("reading the configurations of the models")
    from sectow_agents.planning.here import gpu_here
    from sectow_agents.planning.plan import Setting, plan_of

    here = given or gpu_here() or gpu_of(DEFAULT)
    made = plan_of(settings, world, Setting(here, gpus, sharding))
    if as_json:
        print_json(plan_json(made))
    else:
        _print(made)
    if made.fits is False:
        raise typer.Exit(TOO_LARGE)


def plan_json(made: Plan) -> dict[str, Any]:
    """A plan as JSON-able data."""
    return {
        "gpu": asdict(made.setting.gpu),
        "gpus": made.setting.gpus,
        "sharding": made.setting.sharding,
        "fits": made.fits,
        "hours": made.hours._asdict(),
        "disk_gib": made.disk,
        "phases": [
            {
                "seat": phase.seat,
                "model": asdict(phase.shape),
                "trained": phase.trained,
                "exact_lengths": phase.exact_lengths,
                "longest": [asdict(sample) for sample in phase.samples[:LONGEST]],
                "memory_gib": [
                    {"name": term.name, "when": term.when, **term.size._asdict()}
                    for term in phase.terms
                ],
                "peak_gib": phase.peak._asdict(),
                "step_seconds": phase.step._asdict(),
                "steps": phase.steps,
            }
            for phase in made.phases
        ],
    }


def _print(made: Plan) -> None:
    for phase in made.phases:
        _print_phase(phase)
    say(in_a_line(made))


def in_a_line(made: Plan) -> str:
    """A plan in one line; the recipes in configs/ quote theirs."""
    gpu, several = made.setting.gpu, made.setting.gpus > 1
    where = f"{made.setting.gpus} x {gpu.name}" if several else gpu.name
    verdict = {
        True: f"fits into {gpu.memory:g} GiB",
        None: f"may or may not fit into {gpu.memory:g} GiB, try a smaller micro_batch first",
        False: f"does not fit into {gpu.memory:g} GiB",
    }[made.fits]
    peaks = ", ".join(
        f"{phase.seat} {phase.peak.low:.1f} to {phase.peak.high:.1f}" for phase in made.phases
    )
    return (
        f"on {where}: {verdict} ({peaks}); {_hours(made.hours)} hours for the run, judges not "
        f"counted; {made.disk:.2f} GiB of checkpoints"
    )


def _print_phase(phase: PhasePlan) -> None:
    shape = phase.shape
    rows = [[term.name, term.when, *_figures(term.size)] for term in phase.terms]
    rows.append(["at most at one time", "", *_figures(phase.peak)])
    print_table(
        ("GiB on each GPU", "when", "low", "expected", "high"),
        rows,
        stdout(),
        title=f"{phase.seat}: {shape.source}",
    )
    say(
        f"{shape.parameters / 1e9:.2f} billion parameters ({shape.origin}), "
        f"{phase.trained / 1e6:,.1f} million trained; an optimizer step takes "
        f"{' to '.join(f'{seconds:.1f}' for seconds in (phase.step.low, phase.step.high))} s, "
        f"expected {phase.step.expected:.1f}",
        "dim",
    )
    longest = ", ".join(
        f"{sample.name} {sample.tokens} ({sample.pictures} of pictures)"
        for sample in phase.samples[:LONGEST]
    )
    counted = "" if phase.exact_lengths else "; four characters are taken for a token"
    say(f"longest prompts, in tokens: {longest or 'none'}{counted}", "dim")


def _figures(size: Range) -> list[str]:
    return [f"{value:.2f}" for value in size]


def _hours(hours: Range) -> str:
    return f"{hours.low:.1f} to {hours.high:.1f} (expected {hours.expected:.1f})"
