"""The share of one process in an evaluation that several work on, by `accelerate launch`.

Each process answers its part and writes it into a journal of its own. At the end of a unit all of
them have all answers, and the main process writes the samples, as if it had worked alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache


def _go_on() -> None:
    """Alone there is nobody to wait for."""


@dataclass(frozen=True)
class Share:
    """One of several processes that do the same."""

    rank: int = 0
    size: int = 1
    wait: Callable[[], None] = _go_on
    """Returns once all processes have called it."""

    @property
    def main(self) -> bool:
        """Whether this process writes the samples."""
        return self.rank == 0

    def owns(self, index: int) -> bool:
        """Whether an item, by its place in a list that all processes have, is this one's."""
        return index % self.size == self.rank


ALONE = Share()


@lru_cache(maxsize=1)
def own_share() -> Share:
    """The share that `accelerate launch` gave to this process; alone without it."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return ALONE
    from accelerate import PartialState

    state = PartialState()
    return Share(state.process_index, state.num_processes, state.wait_for_everyone)
