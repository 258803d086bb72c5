"""Kill evaluations at every write and rename, and at random instants; resume; compare.

    python perf/crash.py --kills 50

Each evaluation runs in a forked process, so that a kill is one: SIGKILL, nothing is cleaned up. The
audit events of Python name the points: a file of the run that is about to be opened for writing, or
a name that is about to be given or taken. After each kill the evaluation is resumed and must end
with every sample once and the same board as one that was never killed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

from sectow_benchmarks.board.board import board
from sectow_benchmarks.evaluation.measure import measure
from sectow_benchmarks.evaluation.policies import attacker_under_test, defender_under_test
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results import journal
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.verify.checks import verify
from sectow_env.resolve.worlds import load_world

WORLD = "apothecary:0"
SETTINGS = MeasureSettings(world=WORLD, splits=("test",), per_cell=1, per_kind=1, limit=6)
FEW = SETTINGS.model_copy(update={"suites": ("safety", "learned"), "decodings": ("greedy",)})
"""Every kind of file is still written once."""
FORK = multiprocessing.get_context("fork")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
TIME = ("seconds",)
"""What of a board may differ: how long it took."""


@dataclass(frozen=True)
class Endured:
    """What came of one kill."""

    point: str
    problems: tuple[str, ...]


class Whole(NamedTuple):
    """An evaluation that was never killed."""

    points: list[str]
    """Every point that it passed, in order."""
    run: EvaluationRun
    seconds: float
    settings: MeasureSettings


def unharmed(work: Path, settings: MeasureSettings) -> Whole:
    """Evaluate to the end, and write down every point."""
    log, out = work / "points.log", work / "whole"
    began = time.perf_counter()
    status = _run(out, settings, _Tracer(out, log=log))
    if status != 0:
        raise RuntimeError(f"an evaluation that nobody killed ended with {status}")
    seconds = time.perf_counter() - began
    passed = log.read_text("utf-8").splitlines()
    return Whole(passed, EvaluationRun.open(out), seconds, settings)


def chosen(passed: Sequence[str]) -> list[int]:
    """Indices of the first and the last time that each named point is passed."""
    first = {name: number for number, name in reversed(list(enumerate(passed)))}
    last = {name: number for number, name in enumerate(passed)}
    return sorted({*first.values(), *last.values()})


def kill_at(number: int, whole: Whole, work: Path) -> Endured:
    """Kill an evaluation at a point, resume it and compare."""
    out, name = work / f"point-{number}", whole.points[number]
    status = _run(out, whole.settings, _Tracer(out, kill_at=number))
    if status != -signal.SIGKILL:
        return Endured(name, (f"it was to be killed, and ended with {status}",))
    return Endured(name, _resumed(out, whole))


def kill_after(seconds: float, whole: Whole, work: Path) -> Endured:
    """Kill an evaluation after a time, resume it and compare."""
    out = work / f"instant-{seconds:.6f}"
    process = FORK.Process(target=_evaluate, args=(out, whole.settings, None))
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
    process.join()
    return Endured(f"after {seconds:.2f} s", _resumed(out, whole))


def _resumed(out: Path, whole: Whole) -> tuple[str, ...]:
    status = _run(out, whole.settings, None)
    if status != 0:
        return (f"the resumed evaluation ended with {status}",)
    run = EvaluationRun.open(out)
    problems = []
    if run.samples.duplicated(["suite", "item", "decoding"]).any():
        problems.append("a sample stands twice")
    if not run.samples.equals(whole.run.samples):
        problems.append("the samples are not the same")
    if _rows(run) != _rows(whole.run):
        problems.append("the board is not the same")
    problems += [
        f"{result.name}: {result.detail}" for result in verify(run) if result.outcome == "failed"
    ]
    left = [file.name for file in run.path.rglob(".*")] + [
        name for name in ("shards", "responses") if (run.path / name).exists()
    ]
    # What was half written when the process died may lie there, under a name that nobody reads.
    unexpected = [name for name in left if not name.endswith(".partial")]
    return (*problems, *(f"{name} was left behind" for name in unexpected))


def _rows(run: EvaluationRun) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.model_dump(mode="json").items() if key not in TIME}
        for row in board([run])
    ]


class _Tracer:
    """An audit hook that counts the points of a folder, and kills the process at one of them."""

    def __init__(self, out: Path, *, log: Path | None = None, kill_at: int | None = None) -> None:
        self._out = str(out)
        self._kill_at = kill_at
        self._log = log
        self._passed = 0

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        name = self._name(event, given)
        if name is None:
            return
        if self._passed == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._passed += 1
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(name + "\n")

    def _name(self, event: str, given: tuple[Any, ...]) -> str | None:
        if event == "open" and not (isinstance(given[2], int) and given[2] & WRITES):
            return None
        if event not in {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}:
            return None
        path = str(given[1] if event == "os.rename" else given[0])
        if not path.startswith(self._out):
            return None
        place = Path(path).relative_to(self._out)
        # The pictures are alike.
        kind = "pictures/*" if place.parts[:1] == ("pictures",) and len(place.parts) > 1 else place
        return f"{event} {kind}"


def _run(out: Path, settings: MeasureSettings, tracer: _Tracer | None) -> int | None:
    process = FORK.Process(target=_evaluate, args=(out, settings, tracer))
    process.start()
    process.join()
    return process.exitcode


def _evaluate(out: Path, settings: MeasureSettings, tracer: _Tracer | None) -> None:
    """In a process of its own: measure a scripted defender, in small bites."""
    journal.CHUNK = 4
    world = load_world(WORLD)
    attacker = attacker_under_test("apothecary/random", world)
    subject = defender_under_test("apothecary/keyword", world)
    if tracer is not None:
        sys.addaudithook(tracer)
    with contextlib.redirect_stderr(None), contextlib.redirect_stdout(None):
        measure(subject, settings, out, attacker=attacker, resume=True)


def endure(
    work: Path, kills: int, seed: int, settings: MeasureSettings = SETTINGS
) -> Iterator[Endured]:
    """Kill at every named point, and so many times at random.

    Args:
        work: An empty folder.
        kills: At random instants.
        seed: Of the instants.
        settings: What is measured.
    """
    whole = unharmed(work, settings)
    for number in chosen(whole.points):
        yield kill_at(number, whole, work)
    rng = np.random.Generator(np.random.PCG64(seed))
    for instant in rng.uniform(0.0, whole.seconds, kills):
        yield kill_after(float(instant), whole, work)


def main(
    kills: Annotated[int, typer.Option(min=0, help="Kills at random instants.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Of the instants.")] = 0,
) -> None:
    """Kill evaluations and see that nothing is lost."""
    with tempfile.TemporaryDirectory() as folder:
        kills_done = []
        for kill in endure(Path(folder), kills, seed):
            kills_done.append(kill)
            typer.echo(
                f"{'FAILED' if kill.problems else 'ok':<7}{kill.point} {kill.problems or ''}"
            )
    bad = sum(bool(kill.problems) for kill in kills_done)
    typer.echo(f"{len(kills_done)} kills, {bad} of them with a loss.")
    raise typer.Exit(int(bad > 0))


if __name__ == "__main__":
    typer.run(main)
