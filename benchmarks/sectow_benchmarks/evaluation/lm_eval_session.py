"""Running our task pack through lm-eval in this process: quietly, without touching global seeds."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_agents.models.quiet import quiet
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.tasks import tasks_path
from sectow_benchmarks.tasks.documents import ITEMS

if TYPE_CHECKING:
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

KEPT = ("results", "groups", "versions", "n-samples", "higher_is_better")
"""What is kept of lm-eval's own results."""


@dataclass(frozen=True)
class Answered:
    """What came out of one call."""

    documents: Sequence[tuple[Mapping[str, Any], str]]
    """Documents, images left out, and responses."""
    pictures: dict[str, bytes]
    """PNG files by digest."""
    results: dict[str, Any]
    """lm-eval's own aggregates."""


def task_manager(
    names: Sequence[str],
    include: Sequence[Path] = (),
    metadata: Mapping[str, Any] | None = None,
) -> TaskManager:
    """An index of tasks: ours, those of a user, and lm-eval's own only where a name needs them.

    To index lm-eval's own takes seconds.

    Args:
        names: Of tasks, groups and tags, or paths of YAML files.
        include: Folders with a user's tasks.
        metadata: For the loaders of the tasks.
    """
    from lm_eval.tasks import TaskManager

    given = {"include_path": [str(tasks_path()), *map(str, include)], "metadata": metadata}
    manager = TaskManager(**given, include_defaults=False)
    if all(name in manager.task_index or Path(name).is_file() for name in names):
        return manager
    return TaskManager(**given, include_defaults=True)


@dataclass(frozen=True)
class Session:
    """Loaded tasks, ready to be asked.

    Args:
        tasks: lm-eval's task objects by name.
        loaded: What its evaluator takes.
        tables: Their documents by task, pictures as files.
        limit: Documents of each task; 0 asks all.
    """

    tasks: Mapping[str, Any]
    loaded: Any
    tables: Mapping[str, Any]
    limit: int = 0

    @classmethod
    def load(
        cls,
        names: Sequence[str],
        selection: Selection,
        settings: Mapping[str, Any],
        limit: int = 0,
    ) -> Session:
        """Build tasks.

        Args:
            names: Of our task pack.
            selection: Which items.
            settings: Generation settings, over those of the tasks.
            limit: Documents of each task; 0 asks all.
        """
        with hushed():
            manager = task_manager(names, metadata=selection.metadata())
            loaded = manager.load(list(names))
        tables = {}
        for name, task in loaded["tasks"].items():
            task.set_config(key="generation_kwargs", value=dict(settings), update=True)
            tables[name] = task.dataset[ITEMS]
        return cls(loaded["tasks"], loaded, tables, limit)

    @property
    def requests(self) -> int:
        """Questions of all tasks."""
        return sum(self.counts().values())

    def counts(self) -> dict[str, int]:
        """Questions by task."""
        return {name: self._size(table) for name, table in self.tables.items()}

    def documents(self) -> Iterator[Mapping[str, Any]]:
        """What will be asked, images left out."""
        for table in self.tables.values():
            columns = [name for name in table.column_names if name != "image"]
            yield from table.select_columns(columns).select(range(self._size(table)))

    def _size(self, table: Any) -> int:
        return min(len(table), self.limit) if self.limit else len(table)

    def ask(self, lm: LM, system: str | None = None) -> Answered:
        """Put all questions to a model.

        `lm_eval.evaluate` and not `simple_evaluate`: the latter sets the seeds of torch, NumPy and
        Python, which a training run around us needs, and spends seconds on a report about the
        machine.
        """
        from lm_eval import evaluate

        for name, task in self.tasks.items():
            # lm-eval goes through the documents several times: pictures are decoded once.
            task.dataset = {ITEMS: _decoded(self.tables[name])}
        with hushed(), pictures_left_alone():
            report = evaluate(
                lm=lm,
                task_dict=self.loaded,
                bootstrap_iters=0,
                limit=self.limit or None,
                apply_chat_template=True,
                system_instruction=system,
            )
        documents = [
            (_without_image(sample["doc"]), str(sample["resps"][0][0]))
            for samples in report["samples"].values()
            for sample in samples
        ]
        return Answered(documents, self._pictures(), {key: report.get(key) for key in KEPT})

    def _pictures(self) -> dict[str, bytes]:
        from datasets import Image

        kept: dict[str, bytes] = {}
        for table in self.tables.values():
            if "image" not in table.features:
                continue
            shown = table.select_columns(["picture", "image"])
            for row in shown.cast_column("image", Image(decode=False)):
                kept.setdefault(row["picture"], row["image"]["bytes"])
        return kept


def _decoded(table: Any) -> list[dict[str, Any]]:
    """The documents of a table; those that show the same picture share it."""
    from datasets import Image

    if "image" not in table.features:
        return list(_rows(table))
    files = table.select_columns(["image"]).cast_column("image", Image(decode=False))
    shown: dict[str, Any] = {}
    rows = []
    for row, file in zip(_rows(table.remove_columns("image")), _rows(files), strict=True):
        digest = row["picture"]
        if digest not in shown:
            shown[digest] = Image().decode_example(file["image"])
        rows.append({**row, "image": shown[digest]})
    return rows


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    """A table row by row, read column by column."""
    columns = table[:]
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _without_image(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "image"}


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
def hushed() -> Iterator[None]:
    """No notices and progress bars of lm-eval and the libraries below it; errors stay."""
    loggers = [logging.getLogger(name) for name in ("lm_eval", "lm-eval", "datasets")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    # Its bars can only be turned off for a whole process, so their stream is taken away.
    with quiet(), contextlib.redirect_stderr(io.StringIO()):
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
