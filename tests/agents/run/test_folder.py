"""Run folders: what is refused, and what a killed run leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sectow_agents.algorithms.job import Summary
from sectow_agents.run.folder import Finished, RunFolder, State
from sectow_agents.run.monitor import Quality
from sectow_agents.settings.run_config import RunConfig
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.game import Seat
from sectow_env.game.tally import Diversity, Tally

QUALITY = Quality(
    benign=Tally(),
    benign_by_channel={},
    attacks=Tally(),
    attacks_by_channel={},
    diversity=Diversity(successes=0, channels=None, frames=None),
)


def config(run: Path, **changes: object) -> RunConfig:
    seats = {"attacker": {"model": "a/b"}, "defender": {"model": "c/d"}}
    return RunConfig.model_validate({"run": run, **seats, **changes})


def finished(seat: Seat, number: int) -> Finished:
    summary = Summary(seat=seat, round=number, steps=1, seconds=1.0, metrics={"reward": None})
    return Finished(summary=summary, quality=QUALITY)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(config(tmp_path / "run"), {"seed": 0})


def test_a_run_is_read_back(folder: RunFolder) -> None:
    state = State(base=QUALITY, phases=(finished("attacker", 1),))
    folder.log({"event": "step"})
    folder.save(state)
    again = RunFolder.open(folder.path)
    assert again.state.phases == state.phases
    assert again.state.metrics_bytes == len('{"event": "step"}\n')
    assert again.about["schema"] == 3


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert RunFolder.create(config(tmp_path), {}).path == tmp_path


def test_a_run_is_not_started_twice(folder: RunFolder) -> None:
    with pytest.raises(RunFolderError, match="there is a run in it already"):
        RunFolder.create(config(folder.path), {})


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunFolderError, match="do not belong to a run"):
        RunFolder.create(config(tmp_path), {})
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(RunFolderError, match="not a folder"):
        RunFolder.create(config(file), {})
    with pytest.raises(RunFolderError, match="cannot be made"):
        RunFolder.create(config(file / "below"), {})


def test_what_a_killed_start_left_is_taken_over(tmp_path: Path) -> None:
    for name in ("config.yaml", "state.json", ".run.json.partial"):
        (tmp_path / name).write_text("half")
    RunFolder.create(config(tmp_path), {})
    assert RunFolder.open(tmp_path).state == State()


def test_resume_needs_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="there is no run in it"):
        RunFolder.resume(config(tmp_path / "none"))


@pytest.mark.parametrize(("key", "value"), [("schema", 1), ("kind", "sectow-evaluation-run")])
def test_another_schema_or_kind_is_refused(folder: RunFolder, key: str, value: object) -> None:
    file = folder.path / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    with pytest.raises(RunFolderError, match=f"{value!r}"):
        RunFolder.open(folder.path)


@pytest.mark.parametrize("name", ["run.json", "state.json"])
def test_a_damaged_file_is_named(folder: RunFolder, name: str) -> None:
    (folder.path / name).write_text("{half")
    with pytest.raises(RunFolderError, match=name):
        RunFolder.open(folder.path)


def test_other_settings_are_refused_on_resume(folder: RunFolder) -> None:
    with pytest.raises(ConfigError, match=r"rounds: 2 -> 3"):
        RunFolder.resume(config(folder.path, rounds=3))
    RunFolder.resume(config(folder.path, progress=False))


def test_what_is_unfinished_is_thrown_away(folder: RunFolder) -> None:
    for number, seat in ((1, "attacker"), (1, "defender")):
        (folder.path / "rounds" / str(number) / seat).mkdir(parents=True)
    (folder.path / "rounds" / "1" / ".defender.partial").mkdir()
    folder.log({"step": 1})
    folder.save(State(phases=(finished("attacker", 1),)))
    folder.log({"step": 2})
    with (folder.path / "metrics.jsonl").open("a") as file:
        file.write('{"cut of')
    again = RunFolder.resume(config(folder.path))
    assert (folder.path / "metrics.jsonl").read_text() == '{"step": 1}\n'
    assert [path.name for path in (folder.path / "rounds" / "1").iterdir()] == ["attacker"]
    assert again.state.phases == (finished("attacker", 1),)


def test_a_checkpoint_gets_its_name_once_it_is_whole(folder: RunFolder) -> None:
    def cut_short() -> None:
        with folder.staged("attacker", 1) as out:
            (out / "half").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    assert not folder.checkpoint("attacker", 1).exists()
    with folder.staged("attacker", 1) as out:
        (out / "model").write_text("whole")
        assert not folder.checkpoint("attacker", 1).exists()
    assert [file.name for file in folder.checkpoint("attacker", 1).iterdir()] == ["model"]
    assert not list(folder.path.rglob("*.partial"))


def test_metrics_are_strict_json(folder: RunFolder) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        folder.log({"reward": float("nan")})


@pytest.mark.parametrize(
    "changes", [{"judge": "os:getcwd"}, {"attacker": {"model": "my.module:policy"}}]
)
def test_code_named_by_a_run_folder_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    folder = RunFolder.create(config(tmp_path / "run", **changes), {})
    with pytest.raises(ConfigError, match="never taken from a run folder"):
        folder.config_without_code()


def test_a_run_folder_without_code_is_its_own_configuration(folder: RunFolder) -> None:
    assert folder.config_without_code() == folder.path / "config.yaml"


@pytest.mark.parametrize(
    "changes",
    [
        {"judge": "served/rubric?base_url=http://x/v1&model=y"},
        {"truth": "my.module:Judge"},
        {"world": "my.module:world"},
        {"judge": "simulated/of?seed=1"},
    ],
    ids=str,
)
def test_a_folder_names_neither_code_nor_servers(tmp_path: Path, changes: dict[str, str]) -> None:
    folder = RunFolder.create(config(tmp_path / "run", **changes), {})
    with pytest.raises(ConfigError, match="never taken from a run folder"):
        folder.config_without_code()


def test_a_folder_may_name_what_is_registered(tmp_path: Path) -> None:
    changes = {"judge": "apothecary/truth", "truth": "world", "world": "apothecary:3"}
    folder = RunFolder.create(config(tmp_path / "run", **changes), {})
    assert folder.config_without_code().name == "config.yaml"
