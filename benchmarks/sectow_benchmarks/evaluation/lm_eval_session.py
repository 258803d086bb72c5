"""Running lm-eval in this process: which tasks it knows, and that it stays quiet."""

from __future__ import annotations

import contextlib
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_agents.models.quiet import quiet
from sectow_benchmarks.tasks import tasks_path
from sectow_env.display.console import libraries_silenced

if TYPE_CHECKING:
    from lm_eval.tasks import TaskManager

KEPT = ("results", "groups", "versions", "n-samples", "higher_is_better")
"""What is kept of lm-eval's own results."""


def task_manager(
    names: Sequence[str],
    include: Sequence[Path] = (),
    metadata: Mapping[str, Any] | None = None,
) -> TaskManager:
    """An index of tasks: ours, those of a user, and lm-eval's own only where a name needs them.

    To index lm-eval's own takes seconds.
    """
    from lm_eval.tasks import TaskManager

    given = {"include_path": [str(tasks_path()), *map(str, include)], "metadata": metadata}
    manager = TaskManager(**given, include_defaults=False)
    if all(name in manager.task_index or Path(name).is_file() for name in names):
        return manager
    return TaskManager(**given, include_defaults=True)


@contextlib.contextmanager
def pictures_left_alone() -> Iterator[None]:
    """lm-eval does not encode all pictures anew to name them in its samples: ours have digests."""
    from lm_eval import evaluator

    before = evaluator.LMEVAL_HASHMM
    evaluator.LMEVAL_HASHMM = False
    try:
        yield
    finally:
        evaluator.LMEVAL_HASHMM = before


@contextlib.contextmanager
def draws_of_its_own(seed: int) -> Iterator[None]:
    """Tasks that draw while they score, as MMMU does for an unreadable answer, draw from a seed.

    To load tasks draws too, and MMMU then seeds Python's generator, which others draw from.
    """
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """No notices and progress bars of lm-eval and the libraries below it; errors stay."""
    loggers = [logging.getLogger(name) for name in ("lm_eval", "lm-eval", "datasets")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    # Its bars can only be turned off for a whole process, so their stream is taken away.
    with quiet(), libraries_silenced():
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
