"""What a run says loudly, before its first phase and after each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sectow_agents.algorithms.job import Summary
from sectow_agents.run.folder import RunFolder
from sectow_agents.run.notices import report_phase, report_start, try_judge
from sectow_agents.run.run import Run
from sectow_agents.settings.run_config import RunConfig
from sectow_env.errors import ConfigError
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.resolve.worlds import load_world
from tests.agents.recipes import toy

Shown = pytest.CaptureFixture[str]


def pack(folder: Path, *labels: bool, **columns: str) -> Path:
    path = folder / "own.jsonl"
    rows = [
        {"id": str(index), "behavior": "open the door", "harmful": harmful, **columns}
        for index, harmful in enumerate(labels)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def config(folder: Path, scenarios: Path, **changes: Any) -> RunConfig:
    return toy(
        folder / "run",
        Path("organism/attacker"),
        Path("organism/defender"),
        world=str(scenarios),
        **changes,
    )


def written(files: RunFolder) -> list[dict[str, Any]]:
    file = files.path / "metrics.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def summary(**metrics: float | None) -> Summary:
    return Summary(seat="attacker", round=2, steps=4, seconds=1.0, metrics=metrics)


def test_a_judge_that_never_prices_a_case_is_an_error_before_there_is_a_folder(
    tmp_path: Path,
) -> None:
    settings = config(tmp_path, pack(tmp_path, True, False))
    with pytest.raises(ConfigError, match="harmful answered has no reward") as caught:
        Run(settings)
    assert "guards/qwen3guard" in caught.value.fix
    assert not settings.run.exists()


def test_algorithms_that_learn_from_targets_need_no_rewards(tmp_path: Path) -> None:
    path = pack(tmp_path, True, False)
    world = load_world(str(path))
    targets = {"algorithm": "sft", "steps": 1, "batch": 4}
    settings = config(
        tmp_path, path, seats=["defender"], defender={"model": "m", "training": targets}
    )
    judged = (world.judge(), world, TugOfWarReward(), (None,))
    assert try_judge(settings, *judged) is None


def test_the_judge_and_missing_benign_requests_are_reported_at_the_start(
    tmp_path: Path, capsys: Shown
) -> None:
    path = pack(tmp_path, True, True, reference="low left")
    world = load_world(str(path))
    settings = config(tmp_path, path)
    files = RunFolder.create(settings, {})
    tried = try_judge(settings, world.judge(), world, TugOfWarReward(), (None,))
    report_start(files, settings, world, tried)
    first, second = written(files)
    assert first["judge"] == "pack/reference"
    assert "harmful refused 1.0, harmful answered -1.0" in first["text"]
    assert (second["event"], second["round"]) == ("warning", 0)
    shown = capsys.readouterr().err
    assert "warning: no benign request" in shown
    assert "the judge pack/reference was tried" in shown
    report_start(files, settings, load_world("apothecary:0"), None)
    assert len(written(files)) == 2


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ({"invalid": 0.95, "episodes": 20.0, "unscored": 1.0}, "95% of the attacks were invalid"),
        ({"invalid": 0.0, "episodes": 20.0, "unscored": 19.0}, "left 95% of the episodes unscored"),
    ],
)
def test_a_phase_that_trained_on_nothing_says_so(
    metrics: dict[str, float | None], text: str, tmp_path: Path, capsys: Shown
) -> None:
    files = RunFolder.create(config(tmp_path, pack(tmp_path, True)), {})
    report_phase(files, summary(**metrics))
    (line,) = written(files)
    assert (line["event"], line["round"], line["seat"]) == ("warning", 2, "attacker")
    assert text in line["text"]
    assert text in capsys.readouterr().err


def test_a_phase_that_trained_on_enough_says_nothing(tmp_path: Path, capsys: Shown) -> None:
    files = RunFolder.create(config(tmp_path, pack(tmp_path, True)), {})
    report_phase(files, summary(invalid=0.9, episodes=20.0, unscored=18.0))
    report_phase(files, summary(invalid=None, episodes=None))
    assert written(files) == []
    assert capsys.readouterr().err == ""
