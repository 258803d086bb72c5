"""An evaluation over many suites is killed at random: nothing is asked twice."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType


def test_a_killed_evaluation_of_suites_asks_nothing_twice(
    suites: ModuleType, tmp_path: Path
) -> None:
    outcome = suites.endure(tmp_path, kills=3, suites=3, seed=0, delay=0.02)
    assert outcome.same
    # On a busy machine it may end before it is killed for the last time.
    assert 1 <= outcome.kills <= 3
    assert outcome.asked_twice == 0
    assert outcome.most_lost <= suites.CHUNK


def test_what_is_asked_twice_is_counted(suites: ModuleType) -> None:
    lines = ["start", "a", "b", "kept", "c", "start", "c", "a", "kept"]
    assert suites._counted(lines, {"a": 1, "b": 1, "c": 1}) == (1, [0, 1])
