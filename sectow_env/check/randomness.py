"""The global random state of the process: seen, kept, and set for a moment."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def global_state() -> dict[str, str]:
    """The state of each global generator as text: `random` and numpy's legacy one."""
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002  (it is what we look at)
    assert isinstance(legacy, dict)
    state = {**legacy, "state": {key: str(one) for key, one in legacy["state"].items()}}
    with np.printoptions(threshold=10**6):
        state["state"]["key"] = legacy["state"]["key"].tobytes().hex()
    return {"random": repr(random.getstate()), "numpy.random": repr(state)}


def touched(before: dict[str, str]) -> list[str]:
    """The global generators whose state is another than before."""
    return [name for name, state in global_state().items() if state != before[name]]


@contextmanager
def kept() -> Iterator[None]:
    """Leaves the global generators as they were, whatever happens inside."""
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
