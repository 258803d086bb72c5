"""Progress of a measurement on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sectow_agents.processes import own_share
from sectow_env.display.console import Bar

if TYPE_CHECKING:
    from sectow_benchmarks.evaluation.measure import Progress


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar for what is being counted, in the main process; it goes when the count is full."""
    main, current, bar = own_share().main, "", None

    def advance(what: str, done: int, total: int) -> None:
        nonlocal current, bar
        if bar is not None and (what != current or done >= total):
            bar.close()
            bar = None
        if main and done < total:
            current, bar = what, bar or Bar(WORDS.get(what, what), total)
            bar.update(done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.close()


def counted(progress: Progress, what: str, total: Callable[[int], int]) -> Callable[[int], None]:
    """Progress of what is counted in steps.

    Args:
        progress: Called with the sum so far.
        what: Is counted.
        total: How much there is, by the sum so far.
    """
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(what, done, total(done))

    return advance


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
