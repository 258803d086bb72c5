"""Evaluations are killed at every write and rename, and at random: nothing is lost."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


@pytest.mark.slow
def test_a_killed_evaluation_ends_like_one_that_was_not(crash: ModuleType, tmp_path: Path) -> None:
    found = list(crash.endure(tmp_path, kills=5, seed=0, settings=crash.FEW))
    assert [(one.point, one.problems) for one in found if one.problems] == []
    killed = {one.point for one in found}
    for point in (
        "os.rename run.json",
        "open responses/greedy.answers.jsonl",
        "open responses/greedy.verdicts.jsonl",
        "os.rename shards/greedy.jsonl",
        "os.rename samples.parquet",
        "os.rename SHA256SUMS",
        "os.rmdir shards",
    ):
        assert point in killed
    assert sum(one.point.startswith("after") for one in found) == 5


def test_a_loss_is_seen(crash: ModuleType, tmp_path: Path) -> None:
    """A run whose folder lost a finished unit, and one that was never killed at all."""
    whole = crash.unharmed(tmp_path, crash.FEW)
    other = crash.FEW.model_copy(update={"seed": 1})
    crash._run(tmp_path / "other", other, None)
    problems = crash._resumed(tmp_path / "other", whole)
    assert any("ended with 1" in problem for problem in problems)
    unkilled = crash._Tracer(tmp_path / "alive", kill_at=10**6)
    assert crash._run(tmp_path / "alive", crash.FEW, unkilled) == 0
    altered = whole._replace(run=_Without(whole.run))
    assert "the samples are not the same" in crash._resumed(tmp_path / "alive", altered)


class _Without:
    """An evaluation without its first sample."""

    def __init__(self, run: object) -> None:
        self._run = run

    def __getattr__(self, name: str) -> object:
        found = getattr(self._run, name)
        return found.iloc[1:] if name in {"samples", "scores"} else found
