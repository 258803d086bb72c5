"""Training runs are killed in the middle of their phases: they end bit for bit as if nobody had."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["organism", "adapter"])
def test_a_killed_run_ends_like_one_that_was_not(
    kills: ModuleType, tmp_path: Path, kind: str
) -> None:
    endured = list(kills.endure(kind, 2, 0, tmp_path))
    assert [kill.problems for kill in endured] == [(), ()]
    assert {kill.seat for kill in endured} == {"attacker", "defender"}


@pytest.mark.slow
def test_a_difference_is_seen(kills: ModuleType, tmp_path: Path) -> None:
    whole = kills.unharmed(lambda run: kills.configure("organism", run), tmp_path)
    other = kills.unharmed(
        lambda run: kills.configure("organism", run).model_copy(update={"seed": 1}),
        tmp_path / "other",
    )
    problems = list(kills._compared(whole.folder, other.folder))
    assert "the metrics are not the same" in problems
    assert "attacker/model.safetensors is not the same" in problems
