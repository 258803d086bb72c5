"""The loop: order of phases, callbacks, resuming. What trains is a stub; see `test_whole_runs`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sectow_agents.algorithms.job import PhaseReport
from sectow_agents.run.folder import RunFolder
from sectow_agents.run.run import Run
from sectow_env.game import Seat
from tests.agents.stubs import StubPhases, stub_run

ALL: list[tuple[int, Seat]] = [(1, "attacker"), (1, "defender"), (2, "attacker"), (2, "defender")]


class Diary:
    """Writes down each call; may fail at one phase."""

    def __init__(self, fail_after: tuple[int, Seat] | None = None) -> None:
        self.calls: list[object] = []
        self.fail_after = fail_after

    def on_start(self, run: Run) -> None:
        self.calls.append("start")

    def on_phase_end(self, run: Run, report: PhaseReport) -> None:
        place = (report.summary.round, report.summary.seat)
        self.calls.append(place)
        assert run.checkpoint(place[1], place[0]).is_dir()
        if place == self.fail_after:
            raise KeyboardInterrupt

    def on_end(self, run: Run) -> None:
        self.calls.append("end")


def events(folder: Path) -> list[tuple[str, int, str | None]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [(line["event"], line["round"], line["seat"]) for line in lines]


def test_rounds_and_seats_take_turns(tmp_path: Path) -> None:
    stub, diary = StubPhases(), Diary()
    summary = stub_run(tmp_path / "run", stub, diary).run()
    assert [place[:2] for place in stub.played] == ALL
    assert diary.calls == ["start", *ALL, "end"]
    assert [done.admitted for done in summary.phases] == [1, 0, 2, 0]
    assert events(tmp_path / "run") == [
        ("quality", 0, None),
        *((event, *place) for place in ALL for event in ("step", "quality")),
    ]
    assert all(done.reported for done in RunFolder.open(tmp_path / "run").state.phases)


def test_a_callback_that_was_killed_is_called_again(tmp_path: Path) -> None:
    stub, killed, diary = StubPhases(), Diary(fail_after=(1, "defender")), Diary()
    with pytest.raises(KeyboardInterrupt):
        stub_run(tmp_path / "run", stub, killed).run()
    stub_run(tmp_path / "run", stub, diary).run(resume=True)
    assert [place[:2] for place in stub.played] == ALL, "no phase is played twice"
    assert diary.calls == ["start", *ALL[1:], "end"]


def test_a_phase_that_was_killed_is_played_again(tmp_path: Path) -> None:
    whole = StubPhases()
    stub_run(tmp_path / "whole" / "run", whole).run()
    killed, again = StubPhases(fail_at=(2, "attacker")), StubPhases()
    with pytest.raises(KeyboardInterrupt):
        stub_run(tmp_path / "run", killed).run()
    assert (tmp_path / "run" / "rounds" / "2" / "attacker").is_dir()
    stub_run(tmp_path / "run", again).run(resume=True)
    assert [place[:2] for place in again.played] == ALL[2:]
    assert again.played == whole.played[2:]
    assert events(tmp_path / "run") == events(tmp_path / "whole" / "run")


def test_a_finished_run_is_not_played_again(tmp_path: Path) -> None:
    stub, diary = StubPhases(), Diary()
    stub_run(tmp_path / "run", stub).run()
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    summary = stub_run(tmp_path / "run", stub, diary).run(resume=True)
    assert diary.calls == ["start", "end"]
    assert (len(stub.played), len(summary.phases)) == (4, 4)
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before
