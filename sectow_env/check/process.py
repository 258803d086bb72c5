"""What a part shares with everything else in the process: read, restored and compared."""

from __future__ import annotations

import locale
import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from locale import LC_ALL
from typing import Any, NamedTuple

import numpy as np


class Shared(NamedTuple):
    """A setting of the whole process."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


class Process:
    """The settings of the process at the time when this was made."""

    def __init__(self) -> None:
        self._first = _read()

    def restore(self) -> None:
        """Undo what was changed since."""
        _write(self._first)

    def changed_by(self, call: Callable[[], object]) -> Iterator[str]:
        """The settings that a call changes, though it may have changed them before."""
        now = _read()
        _write(self._first)
        before = _read()
        try:
            call()
        finally:
            after = _read()
            _write(now)
        for name, value in before.items():
            if after[name] != value:
                yield name + _which(value, after[name])


def _which(before: object, after: object) -> str:
    """The keys that changed, without their values, which may be secret."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return f" ({', '.join(map(str, keys))})"


def _read() -> dict[str, Any]:
    return {shared.name: shared.read() for shared in SHARED}


def _write(values: dict[str, Any]) -> None:
    for shared in SHARED:
        if shared.read() != values[shared.name]:
            shared.write(values[shared.name])


def _set_environment(values: dict[str, str]) -> None:
    for name in set(os.environ) - set(values):
        del os.environ[name]
    os.environ.update(values)


def _torch(default: Any, read: str) -> Callable[[], Any]:
    """Reads a setting of torch; its default while nothing has loaded torch."""

    def value() -> Any:
        torch = sys.modules.get("torch")
        return str(getattr(torch, read)()) if torch else default

    return value


def _set_dtype(name: str) -> None:
    if torch := sys.modules.get("torch"):
        torch.set_default_dtype(getattr(torch, name.removeprefix("torch.")))


def _set_gradients(enabled: str) -> None:
    if torch := sys.modules.get("torch"):
        torch.set_grad_enabled(enabled == "True")


def _set_paths(paths: list[str]) -> None:
    sys.path[:] = paths


SHARED = (
    Shared("the environment variables", lambda: dict(os.environ), _set_environment),
    Shared("the working directory", os.getcwd, os.chdir),
    Shared("the paths of imports", lambda: list(sys.path), _set_paths),
    # The runner restores these after each check.
    Shared("the warning filters", lambda: list(warnings.filters), lambda _: None),
    Shared("numpy's error state", np.geterr, lambda value: np.seterr(**value)),
    Shared("numpy's print options", np.get_printoptions, lambda v: np.set_printoptions(**v)),
    Shared("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Shared("the time limit of sockets", socket.getdefaulttimeout, socket.setdefaulttimeout),
    Shared("the root logger's level", lambda: logging.root.level, logging.root.setLevel),
    Shared("the locale", partial(locale.setlocale, LC_ALL), partial(locale.setlocale, LC_ALL)),
    Shared("torch's default dtype", _torch("torch.float32", "get_default_dtype"), _set_dtype),
    Shared("torch's gradients", _torch("True", "is_grad_enabled"), _set_gradients),
)
