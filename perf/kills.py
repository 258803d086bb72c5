"""Kill training runs at random times within their phases; resume; compare bit for bit.

    python perf/kills.py --kills 30

Each run is a forked process, so that a kill is one: SIGKILL, nothing is cleaned up. A run is killed
while a phase trains, at a time drawn over that phase, and resumed to its end, which must have the
weights, the metrics (but for their seconds) and the pool of a run that nobody killed; and no more
optimizer steps may be made again than lie between two checkpoints.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from sectow_agents.run.folder import RunFolder
from sectow_agents.settings.file import build_config
from sectow_agents.settings.run_config import RunConfig
from sectow_agents.tug_of_war import TugOfWar
from sectow_env.files import file_digest
from sectow_env.game import SEATS, Seat

FORK = multiprocessing.get_context("fork")
EVERY = 2
TRAINING = {"steps": 6, "batch": 8, "group": 4, "learning_rate": 3e-4, "max_new_tokens": 24}
LORA = {"rank": 4, "alpha": 8, "dropout": 0.1, "target_modules": "all-linear"}
KINDS = {"organism": {}, "adapter": {"lora": LORA}}
"""What is trained: all weights of the organism, or adapters on it."""
Configure = Callable[[Path], RunConfig]


@dataclass(frozen=True)
class Endured:
    """What came of one kill."""

    seat: Seat
    step: int
    """Optimizer steps of the phase that were made when it was killed."""
    again: int
    """How many of them were made once more."""
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    """A run that was never killed."""

    folder: Path
    began: dict[Seat, float]
    """When each phase made its first optimizer step, in seconds from the start."""
    ended: dict[Seat, float]


def configure(kind: str, run: Path) -> RunConfig:
    """A small run: one round, both seats."""
    training = {**TRAINING, **KINDS[kind]}
    tree: dict[str, Any] = {
        "run": str(run),
        "rounds": 1,
        "attacker": {
            "model": "organism/attacker",
            "template": "write an attack by {channel} : {behavior}",
            "training": training,
        },
        "defender": {"model": "organism/defender", "training": {**training, "max_new_tokens": 12}},
        "pool": {"per_scenario": 0},
        "monitor": {"benign": 4, "scenarios": 4},
        "checkpoint_every": EVERY,
        "progress": False,
    }
    return build_config(tree)


def unharmed(configured: Configure, work: Path) -> Whole:
    """Run to the end, and note when the phases trained."""
    folder = work / "whole"
    process = _start(configured(folder), resume=False)
    began: dict[Seat, float] = {}
    ended: dict[Seat, float] = {}
    start = time.perf_counter()
    while process.is_alive():
        time.sleep(0.005)
        for line in _lines(folder):
            if line["event"] == "step":
                began.setdefault(line["seat"], time.perf_counter() - start)
            elif line["event"] == "quality" and line["seat"]:
                ended.setdefault(line["seat"], time.perf_counter() - start)
    if process.exitcode != 0:
        raise RuntimeError(f"a run that nobody killed ended with {process.exitcode}")
    return Whole(folder, began, ended)


def kill_in(seat: Seat, share: float, whole: Whole, configured: Configure, work: Path) -> Endured:
    """Kill a run within a phase, resume it and compare.

    Args:
        seat: Whose phase.
        share: How far into it, in time: 0 at its first optimizer step, 1 at its end.
        whole: What it must end like.
        configured: Its settings.
        work: Where it runs.
    """
    folder = work / f"{seat}-{share:.9f}"
    process = _start(configured(folder), resume=False)
    # From the phase's own first step on, so that a busy machine does not move it out of the phase.
    while process.is_alive() and not _steps(folder, seat):
        time.sleep(0.002)
    process.join(share * (whole.ended[seat] - whole.began[seat]))
    process.kill()
    process.join()
    made = len(_steps(folder, seat))
    kept = max((int(name) for name in _kept(folder, seat)), default=0)
    finished = any(done.summary.seat == seat for done in RunFolder.open(folder).state.phases)
    again = 0 if finished else made - kept
    resumed = _start(configured(folder), resume=True)
    resumed.join()
    problems = list(_compared(whole.folder, folder)) if resumed.exitcode == 0 else []
    if resumed.exitcode != 0:
        problems.append(f"the resumed run ended with {resumed.exitcode}")
    # The step that was under way is lost too, and is no line of the metrics yet.
    if again > EVERY:
        problems.append(f"{again} optimizer steps were lost")
    return Endured(seat, made, again, tuple(problems))


def endure(kind: str, kills: int, seed: int, work: Path) -> Iterator[Endured]:
    """Kill runs at random times within their phases, seat by seat in turn.

    Args:
        kind: What is trained; see `KINDS`.
        kills: How many.
        seed: Of the times.
        work: An empty folder.
    """

    def configured(run: Path) -> RunConfig:
        return configure(kind, run)

    whole = unharmed(configured, work)
    rng = np.random.Generator(np.random.PCG64(seed))
    for number, share in enumerate(rng.uniform(0.0, 1.0, kills)):
        yield kill_in(SEATS[number % len(SEATS)], float(share), whole, configured, work)


def _compared(whole: Path, resumed: Path) -> Iterator[str]:
    if _lines(whole) != _lines(resumed):
        yield "the metrics are not the same"
    states = [RunFolder.open(folder).state for folder in (whole, resumed)]
    if states[0].pool_sha256 != states[1].pool_sha256:
        yield "the pool is not the same"
    for seat in SEATS:
        for file in (whole / "rounds" / "1" / seat).glob("*.safetensors"):
            if file_digest(file) != file_digest(resumed / "rounds" / "1" / seat / file.name):
                yield f"{seat}/{file.name} is not the same"
    for left in (*resumed.rglob("*.steps"), *resumed.rglob("*.partial")):
        yield f"{left.name} was left behind"


def _lines(folder: Path) -> list[dict[str, Any]]:
    """Whole lines of the metrics, without what differs from run to run."""
    file = folder / "metrics.jsonl"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def _steps(folder: Path, seat: Seat) -> list[dict[str, Any]]:
    return [line for line in _lines(folder) if line["event"] == "step" and line["seat"] == seat]


def _kept(folder: Path, seat: Seat) -> list[str]:
    """Checkpoints in the middle of the phase that have their name."""
    steps = folder / "rounds" / "1" / f"{seat}.steps"
    return [path.name for path in steps.glob("*") if path.name.isdigit()]


def _start(config: RunConfig, *, resume: bool) -> Any:
    process = FORK.Process(target=_train, args=(config, resume))
    process.start()
    return process


def _train(config: RunConfig, resume: bool) -> None:
    """In a process of its own."""
    with contextlib.redirect_stderr(io.StringIO()):
        TugOfWar(config).run(resume)


def main(
    kills: Annotated[int, typer.Option(min=1, help="Kills of each kind.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Of the times.")] = 0,
    only: Annotated[str | None, typer.Option(help="One kind: organism or adapter.")] = None,
) -> None:
    """Kill training runs and see that they end as if nobody had."""
    import torch

    torch.set_num_threads(1)
    bad = 0
    for kind in [only] if only else KINDS:
        with tempfile.TemporaryDirectory() as folder:
            done = []
            for kill in endure(kind, kills, seed, Path(folder)):
                done.append(kill)
                typer.echo(
                    f"{'FAILED' if kill.problems else 'ok':<7}{kind}, {kill.seat}, after step "
                    f"{kill.step} of {TRAINING['steps']}: {kill.again} made again "
                    f"{kill.problems or ''}"
                )
        failed = sum(bool(kill.problems) for kill in done)
        most = max(kill.again for kill in done)
        typer.echo(
            f"{kind}: {len(done)} kills, {len(done) - failed} resumed bit for bit; at most {most} "
            f"optimizer steps made again, checkpoints {EVERY} apart."
        )
        bad += failed
    raise typer.Exit(int(bad > 0))


if __name__ == "__main__":
    typer.run(main)
