"""One process beside two: the same configuration, seed and global batch of the organism.

    python perf/processes.py --seeds 3

With one process several seeds are played, which say how far runs differ anyway; with two, the first
of them. The pool must be of the same size, nearly, and each figure of the monitor between the least
and the largest of the seeds, widened by 1.96 standard errors of a share of so many.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).parents[1]
POOL = 0.05
"""Of the pool of one process."""
STEPS, BATCH, BENIGN, SCENARIOS = 20, 64, 80, 64
CONFIGURED = [
    *("train", "--config", "configs/apothecary.yaml", "--json", "rounds=1", "progress=false"),
    *(f"monitor.benign={BENIGN}", f"monitor.scenarios={SCENARIOS}", "pool.per_scenario=2"),
    *(
        f"{seat}.training.{key}={value}"
        for seat in ("attacker", "defender")
        for key, value in (("steps", STEPS), ("batch", BATCH), ("micro_batch", BATCH // 2))
    ),
]
FIGURES = {"over_refusal": BENIGN, "accuracy": BENIGN, "learned_asr": SCENARIOS}
"""Of the monitor, and how many items are behind each."""


def command(processes: int, seed: int, folder: Path) -> list[str]:
    """What plays a run in so many processes."""
    program = [str(Path(sys.executable).with_name("sectow"))]
    if processes > 1:
        program = [
            *(sys.executable, "-m", "accelerate.commands.launch"),
            *("--config_file", str(ROOT / "configs" / "accelerate" / "ddp.yaml")),
            *("--num_processes", str(processes), "--main_process_port", "0"),
            *("--no_python", *program),
        ]
    return [*program, *CONFIGURED, "--seed", str(seed), "--run", str(folder)]


def played(processes: int, seed: int, folder: Path) -> dict[str, Any]:
    """The summary of a run in so many processes.

    Raises:
        ChildProcessError: Others took part.
    """
    done = subprocess.run(  # noqa: S603  (our own command)
        command(processes, seed, folder),
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    summary: dict[str, Any] = json.loads(done.stdout)
    check_processes(folder, processes)
    return summary


def check_processes(folder: Path, processes: int) -> None:
    """Check by a run's record that so many processes took part.

    Raises:
        ChildProcessError: Others did.
    """
    took = json.loads((folder / "run.json").read_text())["processes"]
    if took != processes:
        raise ChildProcessError(f"{took} and not {processes} processes took part in {folder}")


def compared(alone: Sequence[dict[str, Any]], two: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows: what, one process by seed, two processes, within."""
    pools = [int(run["pool"]) for run in alone]
    near = abs(two["pool"] - pools[0]) <= POOL * pools[0]
    rows: list[tuple[str, ...]] = [
        ("attacks in the pool", _list(pools), str(two["pool"]), _yes(near))
    ]
    for place, phase in enumerate(two["phases"]):
        for name, count in FIGURES.items():
            known = [float(run["phases"][place][name]) for run in alone]
            value = float(phase[name])
            wide = 1.96 * max(math.sqrt(v * (1 - v) / count) for v in known)
            within = min(known) - wide <= value <= max(known) + wide
            shown = [f"{figure:.3f}" for figure in known]
            title = f"after the {phase['seat']}: {name}"
            rows.append((title, _list(shown), f"{value:.3f}", _yes(within)))
    return rows


def _list(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _yes(holds: bool) -> str:
    return "yes" if holds else "**no**"


def main(
    seeds: Annotated[int, typer.Option(min=2, help="Seeds of one process.")] = 3,
) -> None:
    """Play one process and two, and compare."""
    with tempfile.TemporaryDirectory() as scratch:
        alone = [played(1, seed, Path(scratch) / f"1-{seed}") for seed in range(seeds)]
        rows = compared(alone, played(2, 0, Path(scratch) / "2-0"))
    typer.echo(f"| what | one process, seeds 0 to {seeds - 1} | two processes, seed 0 | within |")
    typer.echo("|---|---|---|---|")
    for row in rows:
        typer.echo(f"| {' | '.join(row)} |")
    raise typer.Exit(int(any(row[-1] != "yes" for row in rows)))


if __name__ == "__main__":
    typer.run(main)
