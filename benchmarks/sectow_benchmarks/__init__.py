"""Benchmarks of the game: suites on lm-eval, cross-play, leaderboard and report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sectow_benchmarks.api import Loaded, compare, evaluate, load_run

__all__ = ["Loaded", "compare", "evaluate", "load_run"]


def __getattr__(name: str) -> Any:
    """The Python interface, imported when it is first asked for: it needs the extra `bench`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sectow_benchmarks import api

    return getattr(api, name)
