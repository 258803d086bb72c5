"""The global random state of the process: read, restored and set."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

UNUSUAL = 2_718_281_829
"""A seed that no part uses."""


def touched_by(call: Callable[[], object]) -> list[str]:
    """The global generators that a call draws from or seeds, also with a constant.

    Before the call each generator gets a state that no part can know, so that a part which always
    seeds it with the same number is seen too. torch's generators are looked at once it is loaded.
    """
    with kept():
        while True:
            before = _stirred()
            call()
            after = global_state()
            if after.keys() == before.keys():
                return [name for name, state in after.items() if state != before[name]]
            # The call imported torch, so how it found torch's generators is not known.


def global_state() -> dict[str, str]:
    """Digests of the states of `random`, numpy's legacy generator and, where loaded, torch's."""
    legacy = np.random.get_state()  # noqa: NPY002  (it is what we look at)
    states = {"random": repr(random.getstate()), "numpy.random": repr([*map(_plain, legacy)])}
    return {name: _digest(state) for name, state in states.items()} | {
        name: _digest(state.numpy().tobytes().hex()) for name, state in _torch_states().items()
    }


@contextmanager
def kept() -> Iterator[None]:
    """Restore the global generators at the end."""
    plain, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002  (it is what we look at)
    tensors = _torch_states()
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(legacy)  # noqa: NPY002  (it is what we look at)
        for name, state in tensors.items():
            _torch_generator(name).set_state(state)


def set_global_state(seed: int) -> None:
    """Seeds the global generators."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (it is what we look at)
    if torch := _torch():
        torch.manual_seed(seed)


def _stirred() -> dict[str, str]:
    """The state of all generators after they were seeded and drawn from."""
    set_global_state(UNUSUAL)
    random.random()
    np.random.random()  # noqa: NPY002  (it is what we look at)
    if torch := _torch():
        torch.rand(1)
    return global_state()


def _torch() -> Any:
    """The module if something has loaded it: nothing here imports it."""
    return sys.modules.get("torch")


def _torch_states() -> dict[str, Any]:
    """Name of each of torch's generators -> its state."""
    torch = _torch()
    if torch is None:
        return {}
    names = ["torch"]
    if torch.cuda.is_initialized():
        names += [f"torch.cuda:{index}" for index in range(torch.cuda.device_count())]
    return {name: _torch_generator(name).get_state() for name in names}


def _torch_generator(name: str) -> Any:
    _, _, device = name.partition(":")
    torch = _torch()
    return torch.cuda.default_generators[int(device)] if device else torch.default_generator


def _plain(part: Any) -> Any:
    return part.tobytes().hex() if isinstance(part, np.ndarray) else part


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
