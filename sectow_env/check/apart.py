"""Checks in a process of their own, so that a part that never returns can be stopped and named."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sectow_env.check.checks_by_kind import CHECKS_BY_KIND, checked
from sectow_env.check.result import CheckResult, Kind
from sectow_env.check.runner import name_of
from sectow_env.errors import PartError, SectowError

GRACE = 10.0
"""Seconds after the limit before the process is killed from outside."""
MAX_FRAMES = 3
OURS = (Path(__file__).parent, Path(multiprocessing.__file__).parent)
"""Folders whose lines are not the part's."""
_FRAME = re.compile(r'  File "(?P<file>[^"]*)", line (?P<line>\d+) in (?P<name>.*)')
_THREAD = re.compile(r"(?m)^(?:Current t|T)hread .*$")


class Job(NamedTuple):
    """What is checked; see `checks_by_kind.check`."""

    target: str
    world: str
    kind: Kind | None
    seed: int
    limit: float
    """Seconds for one check, and for building what is checked."""


class Started(NamedTuple):
    """A check that runs now."""

    kind: Kind
    subject: str
    check: str


class Done(NamedTuple):
    """All checks are finished."""


def checked_apart(job: Job, starting: Callable[[Started], object]) -> Iterator[CheckResult]:
    """As `checks_by_kind.checked`, with a time limit.

    A check that exceeds it fails, with the lines at which the part was; the other checks of that
    subject are skipped, because they would wait for the same part.

    Raises:
        PartError: What is checked was not built in time, or the process ended by itself.
        SectowError: As `check`.
    """
    context = get_context("spawn")
    with TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks.txt"
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(job, sender, stacks))
        process.start()
        sender.close()
        current: Started | None = None
        try:
            while not isinstance(event := _next(receiver, job.limit + GRACE), Done):
                if isinstance(event, Exception):
                    raise event
                if event is None:
                    process.join(GRACE if receiver.poll() else 0)
                    yield from _stopped(job, current, stacks, process.exitcode)
                    return
                if isinstance(event, Started):
                    current = event
                    starting(event)
                else:
                    current = None
                    yield event
        finally:
            process.kill()
            process.join()


def _next(receiver: Connection, limit: float) -> Started | CheckResult | Done | Exception | None:
    """What the process sends next; None if it ended or sends nothing in time."""
    with suppress(EOFError):
        if receiver.poll(limit):
            event: Started | CheckResult | Done | Exception = receiver.recv()
            return event
    return None


def _work(job: Job, sender: Connection, stacks: Path) -> None:
    """What the process does."""
    # What parts print would break the JSON on the standard output.
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with stacks.open("w") as file:

        def watch() -> None:
            # Its clock is in C, and strikes also while a regular expression runs for ever.
            faulthandler.dump_traceback_later(job.limit, exit=True, file=file)

        def starting(kind: Kind, subject: str, check: str) -> None:
            watch()
            sender.send(Started(kind, subject, check))

        watch()
        try:
            for result in checked(job.target, job.world, job.kind, job.seed, starting=starting):
                watch()
                sender.send(result)
            sender.send(Done())
        except (SectowError, ModuleNotFoundError) as error:
            sender.send(error)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _stopped(
    job: Job, current: Started | None, stacks: Path, status: int | None
) -> Iterator[CheckResult]:
    """The results of a subject whose process ended, from the check on that was running."""
    # A process that ended at its very start has written none.
    text = stacks.read_text("utf-8", errors="replace") if stacks.exists() else ""
    place = _place(text)
    late = bool(place) or status is None
    why = f"did not return within {job.limit:g} s{place}" if late else _ended(status)
    fix = "fix it, or give it longer with --time-limit SECONDS" if late else "fix it"
    if current is None:
        raise PartError(given=f"building {job.target!r}", why=f"it {why}", fix=fix)
    names = [name_of(check) for check in CHECKS_BY_KIND[current.kind]]
    for name in names[names.index(current.check) :]:
        stopped = name == current.check
        yield CheckResult(
            name=name,
            kind=current.kind,
            subject=current.subject,
            outcome="failed" if stopped else "skipped",
            message=f"the {current.kind} {current.subject} {why}; {fix}"
            if stopped
            else f"it was stopped in {current.check}",
            seconds=job.limit if stopped and late else 0.0,
        )


def _ended(status: int | None) -> str:
    if status is not None and status < 0:
        return f"ended the whole process by the signal {signal.Signals(-status).name}"
    return f"ended the whole process with the status {status}"


def _place(stacks: str) -> str:
    """Where the main thread was, innermost first, from the text of faulthandler; else empty."""
    frames = [
        f"{Path(match['file']).name}:{match['line']} in {match['name']}"
        for match in map(_FRAME.fullmatch, _THREAD.split(stacks)[-1].splitlines())
        if match and Path(match["file"]).parent not in OURS
    ]
    return f": it was at {', called from '.join(frames[:MAX_FRAMES])}" if frames else ""
