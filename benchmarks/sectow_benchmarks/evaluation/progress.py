"""Progress of a measurement on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sectow_agents.processes import own_share

if TYPE_CHECKING:
    from sectow_benchmarks.evaluation.measure import Progress


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar with the time that is left, on the standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(
        *columns,
        TextColumn("left"),
        TimeRemainingColumn(),
        # lm-eval's own bars are kept off the standard error by taking the stream away; this one
        # holds on to the real one.
        console=Console(file=console.file, force_terminal=console.is_terminal),
        transient=True,
        disable=not console.is_terminal or not own_share().main,
    ) as bar:
        tasks: dict[str, Any] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(WORDS.get(what, what), total=total)
            bar.update(tasks[what], completed=done)

        yield advance


WORDS = {
    "greedy": "questions, greedy",
    "sampled": "questions, sampled",
    "learned": "attacks by channel",
    "learned_free": "attacks in free form",
    "ceiling": "attacks that know the map",
    "attacks-greedy": "frozen attacks, greedy",
    "attacks-sampled": "frozen attacks, sampled",
    "judged": "verdicts",
}
