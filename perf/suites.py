"""Kill an evaluation over many suites at random instants, and see what is asked twice.

    python perf/suites.py --kills 20

The suites are replicas of those of the field: a few harmless items each, in their own layouts. A
scripted defender answers after a delay, and a server on this machine judges. The evaluation runs in
a forked process that is killed (SIGKILL) again and again in one folder, until it may end. It must
end with the samples, verdicts and board of one that was never killed. What was asked, and when it
was on the disk, is logged outside the folder: nothing that was on the disk may be asked again, and
a kill may cost one chunk at most.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from sectow_benchmarks.board.board import board
from sectow_benchmarks.evaluation.measure import measure
from sectow_benchmarks.evaluation.policies import DefenderUnderTest
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results import journal
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.game import Attack, Turn, Verdict
from sectow_env.judges.served import rubric

ROOT = Path(__file__).parents[1]
REPLICAS = "tests.benchmarks.suites.replicas"
CHUNK = 4
"""Items between two writes."""
VERDICT = '{"refused": 0, "convincing": 4, "specific": 4}'
FORK = multiprocessing.get_context("fork")
START, KEPT = "start", "kept"
TIME = {"seconds"}
"""What of a board may differ: how long it took."""


@dataclass(frozen=True)
class Endured:
    """What came of all kills."""

    suites: int
    samples: int
    kills: int
    asked_twice: int
    """Answers and verdicts that were asked for again though they were on the disk."""
    most_lost: int
    """Most answers or verdicts that one kill cost."""
    lost: int
    """All that kills cost."""
    requests: int
    """Verdicts that the server gave."""
    same: bool
    """Whether samples, verdicts and board are those of an evaluation that nobody killed."""


class Log:
    """Lines that outlive a kill."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, lines: Sequence[str]) -> None:
        """Append lines."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def read(self) -> list[str]:
        """All lines."""
        return self._path.read_text("utf-8").splitlines()


class Slow:
    """Says yes after a delay."""

    def __init__(self, log: Log, delay: float) -> None:
        self._log, self._delay = log, delay

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One answer per attack."""
        self._log.write([f"answer {_shown(attack)}" for attack in attacks])
        time.sleep(self._delay)
        return ["Yes, it is open."] * len(attacks)

    def reseed(self, seeds: Sequence[int]) -> None:
        """Nothing is drawn."""


class Counting:
    """A rubric behind the server, with a log of what it is asked about."""

    grades_answers = False

    def __init__(self, base_url: str, log: str) -> None:
        self.model = (judge := rubric(base_url, "m", cache=None)).model
        self._judge, self._log = judge, Log(Path(log))
        self.id, self.version = "counting", judge.version

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict per turn."""
        self._log.write([f"verdict {turn.scenario.id} {_shown(turn.attack)}" for turn in turns])
        return [
            verdict.model_copy(update={"judge": self.id}) for verdict in self._judge.judge(turns)
        ]


def _shown(attack: Attack) -> str:
    return f"{attack.query!r} {attack.image.sha256 if attack.image else ''}"


def write_replicas(folder: Path, number: int) -> list[str]:
    """Write so many suites; returns their specs."""
    sys.path.insert(0, str(ROOT))
    files = (ROOT / REPLICAS.replace(".", "/")).glob("*.py")
    names = sorted(file.stem for file in files if file.stem != "files")[:number]
    for name in names:
        import_module(f"{REPLICAS}.{name}").write(folder / name)
    return [f"{name}?path={folder / name}" for name in names]


def endure(work: Path, kills: int, suites: int, seed: int, delay: float = 0.05) -> Endured:
    """Kill an evaluation so many times at random instants, and compare it with a whole one."""
    specs = write_replicas(work / "data", suites)
    server = import_module("tests.env.endpoint.server")
    with server.FaultyServer(say=lambda _: VERDICT, think=delay / CHUNK) as judge:
        common = (specs, judge.base_url, delay)
        seconds = _timed(work / "whole", *common)
        startup = _timed(work / "whole", *common)
        answered = len(judge.answered)
        rng, killed = np.random.Generator(np.random.PCG64(seed)), 0
        share = (seconds - startup) / (kills + 2)
        while True:
            wait = startup + rng.uniform(-0.5 * startup, share) if killed < kills else None
            status = _run(work / "killed", *common, wait)
            if status == 0:
                break
            if status != -signal.SIGKILL:
                raise RuntimeError(f"an evaluation ended with {status}")
            killed += 1
        requests = len(judge.answered) - answered
    whole, again = (EvaluationRun.open(work / name) for name in ("whole", "killed"))
    once = Counter(_log(work / "whole").read())
    twice, losses = _counted(_log(work / "killed").read(), once)
    same = (
        whole.samples.equals(again.samples)
        and whole.verdicts.equals(again.verdicts)
        and _rows(whole) == _rows(again)
    )
    return Endured(
        *(len(specs), len(whole.samples), killed, twice, max(losses, default=0), sum(losses)),
        *(requests, same),
    )


def _counted(lines: Sequence[str], once: Mapping[str, int]) -> tuple[int, list[int]]:
    """What was asked again after it was on the disk, and what each kill cost."""
    kept: Counter[str] = Counter()
    pending: list[str] = []
    twice, losses = 0, []
    for line in lines:
        if line == START:
            losses.append(len(pending))
            pending = []
        elif line == KEPT:
            kept.update(pending)
            pending = []
        else:
            twice += kept[line] >= once[line]
            pending.append(line)
    return twice, losses


def _rows(run: EvaluationRun) -> list[dict[str, Any]]:
    return [row.model_dump(exclude=TIME) for row in board([run])]


def _log(out: Path) -> Log:
    return Log(out.with_suffix(".log"))


def _timed(out: Path, specs: Sequence[str], base_url: str, delay: float) -> float:
    began = time.perf_counter()
    status = _run(out, specs, base_url, delay, None)
    if status != 0:
        raise RuntimeError(f"an evaluation that nobody killed ended with {status}")
    return time.perf_counter() - began


def _run(
    out: Path, specs: Sequence[str], base_url: str, delay: float, wait: float | None
) -> int | None:
    """Evaluate in a process of its own, and kill it after a while; its exit status."""
    process = FORK.Process(target=_evaluate, args=(out, specs, base_url, delay))
    process.start()
    process.join(wait)
    if process.is_alive():
        process.kill()
    process.join()
    return process.exitcode


def _evaluate(out: Path, specs: Sequence[str], base_url: str, delay: float) -> None:
    log = _log(out)
    log.write([START])
    journal.CHUNK = CHUNK
    add = journal.Journal.add

    def logged(
        self: journal.Journal, answers: Mapping[str, str | None], seconds: float = 0.0
    ) -> None:
        add(self, answers, seconds)
        log.write([KEPT])

    journal.Journal.add = logged  # type: ignore[method-assign]  # in this process only
    settings = MeasureSettings(
        suites=tuple(specs),
        decodings=("greedy",),
        judge=f"{__name__}:Counting?base_url={base_url}&log={out.with_suffix('.log')}",
    )
    with contextlib.redirect_stderr(None), contextlib.redirect_stdout(None):
        measure(DefenderUnderTest(Slow(log, delay), "slow"), settings, out, resume=True)


def main(
    kills: Annotated[int, typer.Option(min=1, help="How often it is killed.")] = 20,
    suites: Annotated[int, typer.Option(min=1, help="How many suites are asked.")] = 14,
    seed: Annotated[int, typer.Option(min=0, help="Of the instants.")] = 0,
) -> None:
    """Kill an evaluation over many suites, and see that nothing is asked twice."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = endure(Path(folder), kills, suites, seed)
    typer.echo(
        f"{outcome.suites} suites, {outcome.samples} samples, {outcome.kills} kills: "
        f"{outcome.asked_twice} asked again after they were on the disk; a kill cost at most "
        f"{outcome.most_lost} of a chunk of {CHUNK}, all kills {outcome.lost}; the server gave "
        f"{outcome.requests} verdicts; samples, verdicts and board are "
        f"{'the same' if outcome.same else 'NOT THE SAME'}."
    )
    good = outcome.same and not outcome.asked_twice and outcome.most_lost <= CHUNK
    raise typer.Exit(int(not good))


if __name__ == "__main__":
    typer.run(main)
