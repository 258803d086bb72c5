"""The processes that work on one run or evaluation: rank, main process, barrier.

`torchrun` and `accelerate launch` start several. All of them do the same; only the main process
writes. In a single process nothing here waits, and nothing imports torch.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TypeVar

from sectow_env.errors import SectowError, TrainingError

T = TypeVar("T")
PATIENCE = timedelta(days=1)
"""How long a process waits for the main one, which may measure for hours."""


def _no_wait() -> None:
    """A single process waits for nobody."""


@dataclass(frozen=True)
class Share:
    """One of several processes that do the same."""

    rank: int = 0
    size: int = 1
    wait: Callable[[], None] = _no_wait
    """Returns once all processes have called it."""

    @property
    def main(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def owns(self, index: int) -> bool:
        """Whether this process handles the item at a place of a list that all processes have."""
        return index % self.size == self.rank

    def gather(self, part: Sequence[T]) -> list[T]:
        """The parts of all processes, in order of rank; every process calls it and gets all."""
        if self.size == 1:
            return list(part)
        from torch import distributed

        parts: list[Sequence[T]] = [()] * self.size
        distributed.all_gather_object(parts, list(part))
        return [value for values in parts for value in values]

    def from_main(self, work: Callable[[], T]) -> T:
        """The result of the work in the main process; the others wait for it."""
        if self.size == 1:
            return work()
        from torch import distributed

        box: list[T | None] = [work() if self.main else None]
        distributed.broadcast_object_list(box, src=0)
        return box[0]  # type: ignore[return-value]  # Broadcast by the main process.


ALONE = Share()


@lru_cache(maxsize=1)
def own_share() -> Share:
    """The share that the launcher gave to this process; `ALONE` without a launcher."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return ALONE
    from accelerate import PartialState
    from accelerate.utils import parse_flag_from_env
    from torch import cuda, distributed

    # Without `cpu` it would treat each process as a single one.
    PartialState(
        cpu=parse_flag_from_env("ACCELERATE_USE_CPU") or not cuda.is_available(), timeout=PATIENCE
    )
    return Share(distributed.get_rank(), distributed.get_world_size(), distributed.barrier)


@contextmanager
def loss_named(share: Share) -> Iterator[None]:
    """Say that another process has ended, instead of an error from inside of torch.

    The launcher then ends this one too, or a connection of the two breaks first.

    Raises:
        TrainingError: Another process has ended.
    """
    if share.size == 1:
        yield
        return

    def end(*_: object) -> None:
        raise _lost(share)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except SectowError:
        raise
    except RuntimeError as error:
        if not _of_connections(error):
            raise
        raise _lost(share) from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _of_connections(error: RuntimeError) -> bool:
    from torch.distributed import DistError

    return isinstance(error, DistError) or any(name in str(error) for name in ("gloo", "NCCL"))


def _lost(share: Share) -> TrainingError:
    return TrainingError(
        given=f"process {share.rank} of {share.size}",
        why="another process has ended, or the launcher ended this one",
        fix="look for the first error above; then start all of them again with --resume",
    )
