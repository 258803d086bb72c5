"""Labels by what a user calls them: a known data set, a copy of one, or a file of labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sectow_benchmarks.labels import jailbreakbench, wildguard
from sectow_benchmarks.labels.base import LabelSet, merge
from sectow_benchmarks.labels.files import read_labels
from sectow_env.errors import unknown

DATA_SETS: Mapping[str, Callable[[Path | None], LabelSet]] = {
    "jailbreakbench": jailbreakbench.load,
    "wildguard": wildguard.load,
}


def find_labels(names: Sequence[str]) -> LabelSet:
    """The labels of one source.

    Args:
        names: `jailbreakbench` or `wildguard`, from the hub, or with `:PATH` a local copy; or
            files of labels, which are put together.

    Raises:
        UnknownNameError: Nothing goes by a name.
        ConfigError: It cannot be read, or the labels do not go together.
    """
    return merge([_find(name) for name in names])


def _find(name: str) -> LabelSet:
    data_set, colon, path = name.partition(":")
    if data_set in DATA_SETS:
        return DATA_SETS[data_set](Path(path) if colon else None)
    file = Path(name)
    if not file.is_file():
        raise unknown("data set or file of labels", name, DATA_SETS)
    return read_labels(file)
