"""Training runs are killed in the middle of their phases: they end bit for bit as if nobody had."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pytest


@pytest.mark.slow
def test_a_killed_run_ends_like_one_that_was_not(kills: ModuleType, tmp_path: Path) -> None:
    endured = list(kills.endure("adapter", 2, 0, tmp_path))
    assert [kill.problems for kill in endured] == [(), ()]
    assert [kill.seat for kill in endured] == ["attacker", "defender"]
    # And a difference would be seen.
    whole, other = tmp_path / "whole", tmp_path / "other"
    shutil.copytree(whole, other)
    assert list(kills._compared(whole, other)) == []
    metrics = other / "metrics.jsonl"
    metrics.write_text(metrics.read_text().replace('"reward": ', '"rewards": ', 1))
    weights = other / "rounds" / "1" / "attacker" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    (other / "rounds" / "1" / "attacker.steps").mkdir()
    assert list(kills._compared(whole, other)) == [
        "the metrics are not the same",
        "attacker/adapter_model.safetensors is not the same",
        "attacker.steps was left behind",
    ]
