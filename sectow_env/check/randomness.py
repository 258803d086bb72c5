"""The global random state of the process: read, restored and set."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def global_state() -> dict[str, str]:
    """The state of each global generator as text: `random` and numpy's legacy one."""
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002  (it is what we look at)
    assert isinstance(legacy, dict)
    state = {**legacy, "state": {key: str(value) for key, value in legacy["state"].items()}}
    with np.printoptions(threshold=10**6):
        state["state"]["key"] = legacy["state"]["key"].tobytes().hex()
    return {"random": repr(random.getstate()), "numpy.random": repr(state)}


def touched(before: dict[str, str]) -> list[str]:
    """The global generators whose state has changed."""
    return [name for name, state in global_state().items() if state != before[name]]


@contextmanager
def kept() -> Iterator[None]:
    """Restore the global generators at the end."""
    plain, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002  (it is what we look at)
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(legacy)  # noqa: NPY002  (it is what we look at)


def set_global_state(seed: int) -> None:
    """Seeds the global generators."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (it is what we look at)
