"""What becomes of a run whose defender the monitor does not let pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from sectow_agents.tug_of_war import TugOfWar
from tests.agents.recipes import toy

pytestmark = pytest.mark.slow

# A random model's babble is now and then taken for a refusal, so no defender passes this.
STRICT = {"benign": 24, "scenarios": 4, "max_over_refusal": 0.0, "max_accuracy_drop": 1.0}
SHORT = {
    "steps": 1,
    "learning_rate": 1e-3,
    "batch": 8,
    "group": 4,
    "max_new_tokens": 6,
}


def run(folder: Path, model: Path, on_gate: str) -> TugOfWar:
    seats = {seat: {"model": str(model), "training": SHORT} for seat in ("attacker", "defender")}
    monitor = {**STRICT, "on_gate": on_gate}
    return TugOfWar(toy(folder, model, model, rounds=2, monitor=monitor, **seats))


def test_keep_marks_and_goes_on(llava_next_folder: Path, tmp_path: Path) -> None:
    summary = run(tmp_path / "run", llava_next_folder, "keep").run()
    assert len(summary.phases) == 4
    assert [bool(done.objections) for done in summary.phases] == [False, True, False, True]
    assert all(done.accepted for done in summary.phases)
    assert not summary.stopped


def test_rollback_goes_on_from_the_defender_before(llava_next_folder: Path, tmp_path: Path) -> None:
    from sectow_agents.run.run import Run

    tug = run(tmp_path / "run", llava_next_folder, "rollback")
    summary = tug.run()
    assert [done.accepted for done in summary.phases] == [True, False, True, False]
    with Run(tug.config, resume=True) as again:
        assert again.snapshots("defender") == [llava_next_folder]
        assert len(again.snapshots("attacker")) == 3
        # The refused weights stay, to be looked at.
        assert again.checkpoint("defender", 1).is_dir()


def test_stop_ends_the_run_and_stays_ended(llava_next_folder: Path, tmp_path: Path) -> None:
    tug = run(tmp_path / "run", llava_next_folder, "stop")
    for resume in (False, True):
        summary = tug.run(resume=resume)
        assert summary.stopped
        assert len(summary.phases) == 2
        assert "over-refusal" in summary.phases[1].objections[0]
