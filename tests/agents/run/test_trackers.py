"""Trackers: what is in metrics.jsonl, under the same names, read back from real event files."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sectow_agents.algorithms.job import Job
from sectow_agents.algorithms.recorder import Recorder
from sectow_agents.run.trackers import FOLDER, Trackers, check_trackers
from sectow_agents.settings.file import build_config, config_hash, load_foreign
from sectow_agents.settings.training import GrpoSettings
from sectow_env.errors import ConfigError
from tests.agents.stubs import StubPhases, stub_run

STEP = {"event": "step", "round": 1, "seat": "attacker", "step": 1, "asr": 0.5, "loss": None,
        "asr_by_channel": {"plain": 0.25, "icon": None}}  # fmt: skip
QUALITY = {"event": "quality", "round": 1, "seat": "attacker", "over_refusal": 0.1, "gated": True}


def written(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values in the event files, by name."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / FOLDER))
    events.Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def test_every_figure_has_its_name(tmp_path: Path) -> None:
    trackers = Trackers(["tensorboard"], tmp_path)
    trackers.line(STEP)
    trackers.of_trl("attacker", {"completions/mean_length": 7.0, "note": "text"})
    trackers.line(QUALITY)
    trackers.line(STEP)
    trackers.close()
    assert written(tmp_path) == {
        "attacker/asr": [(1, 0.5), (2, 0.5)],
        "attacker/asr_by_channel/plain": [(1, 0.25), (2, 0.25)],
        "attacker/trl/completions/mean_length": [(1, 7.0)],
        "monitor/over_refusal": [(1, pytest.approx(0.1))],
        "monitor/gated": [(1, 1.0)],
    }


def test_a_resumed_run_hides_what_the_killed_one_wrote(tmp_path: Path) -> None:
    killed = Trackers(["tensorboard"], tmp_path)
    for _ in range(3):
        killed.line(STEP)
    killed.close()
    resumed = Trackers(["tensorboard"], tmp_path, step=1)
    resumed.line({**STEP, "asr": 0.75})
    resumed.close()
    assert written(tmp_path)["attacker/asr"] == [(1, 0.5), (2, 0.75)]


def test_a_whole_run_is_followed_and_computes_the_same(tmp_path: Path) -> None:
    plain = stub_run(tmp_path / "plain", StubPhases())
    plain.run()
    game = stub_run(tmp_path / "followed", StubPhases())
    game.config = game.config.model_copy(update={"report_to": ("tensorboard",)})
    game.run()
    lines, others = (
        (tmp_path / name / "metrics.jsonl").read_text() for name in ("followed", "plain")
    )
    assert lines == others
    expected: dict[str, list[float]] = defaultdict(list)
    for line in map(json.loads, lines.splitlines()):
        for name, value in line.items():
            if line["event"] == "quality" and isinstance(value, bool | int | float):
                expected[f"monitor/{name}"].append(float(value))
    expected.pop("monitor/round")
    values = {name: [value for _, value in pairs] for name, pairs in
              written(tmp_path / "followed").items()}  # fmt: skip
    assert values == dict(expected)


def test_what_trl_measured_is_passed_on_after_the_line(tmp_path: Path) -> None:
    calls: list[tuple[str, Any]] = []
    job = Job(
        seat="defender", round=1, seed=0, training=GrpoSettings(), source="x", out=tmp_path,
        sink=lambda line: calls.append(("line", line["loss"])),
        tracked=lambda seat, logs: calls.append((seat, dict(logs))),
    )  # fmt: skip
    logs = {"loss": 0.5, "clip_ratio/high_max": 0.25}

    class State:
        global_step = 1

    Recorder(job, {"loss": "loss"}).on_log(None, State(), None, logs)
    assert calls == [("line", 0.5), ("defender", logs)]


class Opened:
    """A run of a tracker with `init`."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.kept: list[tuple[int, dict[str, float]]] = []
        self.finished = False

    def log(self, values: dict[str, float], step: int) -> None:
        self.kept.append((step, values))

    def finish(self) -> None:
        self.finished = True


@pytest.fixture(params=["wandb", "trackio"])
def package(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, list[Opened]]:
    """A package as these two are, which are not installed here: trackio takes no Pillow 13."""
    opened: list[Opened] = []
    module = ModuleType(request.param)

    def init(**settings: Any) -> Opened:
        opened.append(Opened(**settings))
        return opened[0]

    module.init = init  # type: ignore[attr-defined]  # made here
    monkeypatch.setitem(sys.modules, request.param, module)
    return request.param, opened


def test_a_tracker_with_init_gets_one_run(
    package: tuple[Any, list[Opened]], tmp_path: Path
) -> None:
    name, opened = package
    trackers = Trackers([name], tmp_path / "my-run")
    trackers.line(STEP)
    trackers.close()
    (run,) = opened
    assert run.settings == {"project": "sectow", "name": "my-run", "resume": "allow"}
    assert run.kept == [(1, {"attacker/asr": 0.5, "attacker/asr_by_channel/plain": 0.25})]
    assert run.finished


def test_a_tracker_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sectow_agents.run.trackers.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="pip install wandb"):
        check_trackers(["wandb"])


SEATS = {"attacker": {"model": "organism/attacker"}, "defender": {"model": "organism/defender"}}


def test_a_tracker_is_a_setting_that_changes_nothing() -> None:
    followed = build_config({**SEATS, "report_to": ["tensorboard"]})
    assert config_hash(followed) == config_hash(build_config(SEATS))
    with pytest.raises(ConfigError, match="report_to"):
        build_config({**SEATS, "report_to": ["https://example.org"]})


def test_a_run_folder_cannot_turn_one_on(tmp_path: Path) -> None:
    import yaml

    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({**SEATS, "report_to": ["wandb"]}))
    with pytest.raises(ConfigError, match="never taken from a run folder"):
        load_foreign(file)
    own = load_foreign(file, ["report_to=[tensorboard]"])
    assert own.report_to == ("tensorboard",)
