"""An attacker trained on a proxy: reward and true success stand side by side."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sectow_benchmarks.report.story import read_story
from sectow_benchmarks.studies.command import app
from sectow_benchmarks.studies.proxy import stages


def line(step: int, **values: Any) -> str:
    return json.dumps({"event": "step", "step": step, **values})


def test_a_stage_is_the_mean_of_its_steps_and_missing_stays_missing(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"event": "monitor", "asr": 9.0})]
    lines += [
        line(step, reward=float(step), asr=0.5, true_asr=None if step < 3 else 0.25 * step)
        for step in range(1, 6)
    ]
    file.write_text("\n".join(lines))
    first, second = stages(file, count=2)
    assert (first.steps, first.reward, first.judged, first.true) == ("1 to 2", 1.5, 0.5, None)
    assert (second.steps, second.true, second.invalid) == ("3 to 5", 1.0, None)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (0, []),
        (1, ["1 to 1"]),
        (3, ["1 to 1", "2 to 2", "3 to 3"]),
        (7, ["1 to 1", "2 to 3", "4 to 5", "6 to 7"]),
        (60, ["1 to 15", "16 to 30", "31 to 45", "46 to 60"]),
    ],
)
def test_every_step_is_in_a_stretch(tmp_path: Path, steps: int, expected: list[str]) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_text("\n".join(line(step, asr=0.5) for step in range(1, steps + 1)))
    assert [stage.steps for stage in stages(file)] == expected


@pytest.mark.slow
def test_the_study_shows_both(tmp_path: Path) -> None:
    arguments = ["proxy", "--small", "--out", str(tmp_path), "--judge", "rules/not_refused"]
    done = CliRunner().invoke(app, [*arguments, "--judge", "apothecary/truth"])
    assert done.exit_code == 0, done.output
    assert re.search("rules/not_refused +1 to 1 ", done.stdout)
    folders = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    assert len(folders) == 2
    events = [
        json.loads(text)
        for text in (folders[1] / "metrics.jsonl").read_text("utf-8").splitlines()
        if '"step"' in text
    ]
    steps = [event for event in events if event["event"] == "step"]
    assert steps
    assert all(event["true_asr"] == event["asr"] for event in steps), "the truth agrees with itself"
    story = read_story(folders[0])
    assert any("by the truth" in curve.label for curve in story.lines) or steps[0]["asr"] is None
    again = CliRunner().invoke(app, [*arguments, "--judge", "apothecary/truth", "--json"])
    assert json.loads(again.stdout)[0]["judge"] == "rules/not_refused", "a finished one is read"
