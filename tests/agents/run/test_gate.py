"""What happens to a run whose defender the monitor does not accept."""

from __future__ import annotations

from pathlib import Path

from sectow_agents.run.run import Run
from tests.agents.stubs import StubPhases, stub_run


def test_keep_marks_and_continues(tmp_path: Path) -> None:
    stub = StubPhases(over_refusals=4)
    summary = stub_run(tmp_path / "run", stub, on_gate="keep").run()
    assert [bool(done.objections) for done in summary.phases] == [False, True, False, True]
    assert all(done.accepted for done in summary.phases)
    assert not summary.stopped
    assert [source for *_, source in stub.played] == ["base", "base", "1", "1"]


def test_a_defender_within_the_limit_passes(tmp_path: Path) -> None:
    summary = stub_run(tmp_path / "run", StubPhases(over_refusals=3), on_gate="stop").run()
    assert len(summary.phases) == 4
    assert not any(done.objections for done in summary.phases)


def test_rollback_continues_from_the_defender_before(tmp_path: Path) -> None:
    stub = StubPhases(over_refusals=4)
    tug = stub_run(tmp_path / "run", stub, on_gate="rollback")
    summary = tug.run()
    assert [done.accepted for done in summary.phases] == [True, False, True, False]
    assert [source for *_, source in stub.played] == ["base", "base", "1", "base"]
    with Run(tug.config, resume=True) as again:
        assert again.snapshots("defender") == [again.base("defender")]
        assert len(again.snapshots("attacker")) == 3
        # The refused weights stay, to be looked at.
        assert again.checkpoint("defender", 1).is_dir()


def test_stop_ends_the_run_and_stays_ended(tmp_path: Path) -> None:
    stub = StubPhases(over_refusals=4)
    tug = stub_run(tmp_path / "run", stub, on_gate="stop")
    for resume in (False, True):
        summary = tug.run(resume=resume)
        assert summary.stopped
        assert len(summary.phases) == 2
        assert "over-refusal" in summary.phases[1].objections[0]
    assert len(stub.played) == 2
