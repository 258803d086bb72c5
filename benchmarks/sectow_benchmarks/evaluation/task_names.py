"""Whether tasks of lm-eval are known, without loading lm-eval, which takes seconds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from sectow_benchmarks.tasks import tasks_path
from sectow_env.errors import unknown

_NAMES = re.compile(rb"^(?:task|group|tag): *([\w.:-]+)", re.MULTILINE)


def check_task_names(names: Sequence[str], include: Sequence[Path] = ()) -> None:
    """Raise UnknownNameError for a name that occurs in no file of a task.

    lm-eval itself has the last word: a name that occurs may still not be that of a task.
    """
    missing = {name for name in names if not Path(name).is_file()}
    known: set[str] = set()
    for file in _files([tasks_path(), *include, *_of_lm_eval()]) if missing else ():
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123  (there are 14,000)
            text = opened.read()
        missing = {name for name in missing if name.encode() not in text}
        if not missing:
            return
        known.update(name.decode() for name in _NAMES.findall(text))
    for name in sorted(missing):
        raise unknown("task of lm-eval", name, known)


def _of_lm_eval() -> list[Path]:
    spec = find_spec("lm_eval")
    return [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "tasks"]


def _files(folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        for place, _, names in os.walk(folder):
            yield from (f"{place}/{name}" for name in names if name.endswith((".yaml", ".yml")))
