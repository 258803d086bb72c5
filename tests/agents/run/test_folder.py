"""Run folders: what is refused, and what a killed run leaves behind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sectow_agents.algorithms.job import Summary
from sectow_agents.run.digests import folder_digests
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

PATTERN = {"lora": {"target_modules": "(a+)+b"}}


def config(run: Path, **changes: object) -> RunConfig:
    seats = {
        "attacker": {"model": "organism/attacker"},
        "defender": {"model": "organism/defender"},
    }
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
    assert again.about["schema"] == 4


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert RunFolder.create(config(tmp_path), {}).path == tmp_path


def test_a_run_is_not_started_twice(folder: RunFolder) -> None:
    with pytest.raises(RunFolderError, match=r"not empty.*--resume"):
        RunFolder.create(config(folder.path), {})


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunFolderError, match=r"'thesis\.txt' is in it"):
        RunFolder.create(config(tmp_path), {})
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(RunFolderError, match="not a folder"):
        RunFolder.create(config(file), {})
    with pytest.raises(RunFolderError, match="not a folder"):
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
    "changes",
    [
        {"judge": "os:getcwd"},
        {"judge": "served/rubric?base_url=http://x/v1&model=y"},
        {"judge": "simulated/of?seed=1"},
        {"judge": "guards/qwen3guard"},
        {"truth": "served/rubric"},
        {"truth": "my.module:Judge"},
        {"world": "my.module:world"},
        {"attacker": {"model": "my.module:policy"}},
        {"attacker": {"model": "some-owner/some-model"}},
        {"defender": {"model": "endpoint/defender?base_url=http://x/v1&model=y"}},
        {"attacker": {"model": "organism/attacker", "training": {"grpo": {"use_vllm": True}}}},
        {
            "defender": {
                "model": "organism/defender",
                "training": {"lora": {"target_modules": "(a+)+b"}},
            }
        },
    ],
    ids=str,
)
def test_a_folder_names_neither_code_nor_servers(tmp_path: Path, changes: dict[str, str]) -> None:
    folder = RunFolder.create(config(tmp_path / "run", **changes), {})
    with pytest.raises(ConfigError, match="never taken from a run folder"):
        folder.config()


def test_an_adapter_of_a_folder_reaches_no_server(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    folder = RunFolder.create(config(tmp_path / "run", defender={"model": str(adapter)}), {})
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps({"base_model_name_or_path": str(tmp_path)}))
    assert folder.config().defender.model == str(adapter)
    file.write_text(json.dumps({"base_model_name_or_path": "some-owner/some-model"}))
    with pytest.raises(ConfigError, match="never taken from a run folder"):
        folder.config()


def test_what_the_user_repeats_is_the_users_own(tmp_path: Path) -> None:
    folder = RunFolder.create(config(tmp_path / "run", judge="simulated/of?seed=1"), {})
    again = folder.config(["judge=simulated/of?seed=1"])
    assert again.judge == "simulated/of?seed=1"
    # Another setting is refused by the resumed run, since it must end like an uninterrupted one.
    other = folder.config(["judge=simulated/of?seed=2"])
    with pytest.raises(ConfigError, match=r"judge: 'simulated/of\?seed=1' -> "):
        RunFolder.resume(other)


def test_a_folder_may_name_what_is_registered(tmp_path: Path) -> None:
    changes = {"judge": "apothecary/truth", "truth": "world", "world": "apothecary:3"}
    folder = RunFolder.create(config(tmp_path / "run", **changes), {})
    assert folder.config() == config(tmp_path / "run", **changes)


def changed_config(folder: RunFolder) -> Path:
    file = folder.path / "config.yaml"
    file.write_text(file.read_text().replace("learning_rate: 1.0e-06", "learning_rate: 0.05"))
    return file


def added_file(folder: RunFolder) -> Path:
    file = folder.checkpoint("attacker", 1) / "model.safetensors.index.json"
    file.write_text("{}")
    return file


def swapped_weights(folder: RunFolder) -> Path:
    file = folder.checkpoint("attacker", 1) / "model.safetensors"
    file.write_bytes(b"other weights")
    return file


def linked_weights(folder: RunFolder) -> Path:
    file = folder.checkpoint("attacker", 1) / "model.safetensors"
    file.rename(folder.path.parent / "elsewhere")
    file.symlink_to(folder.path.parent / "elsewhere")
    return file


def removed_tokenizer(folder: RunFolder) -> Path:
    file = folder.checkpoint("attacker", 1) / "tokenizer.json"
    file.unlink()
    return file


def edited_metrics(folder: RunFolder) -> Path:
    file = folder.path / "metrics.jsonl"
    file.write_text(file.read_text().replace("0.5", "0.9"))
    return file


def stripped_digests(folder: RunFolder) -> Path:
    file = folder.path / "state.json"
    state = json.loads(file.read_text())
    state["phases"][0]["files"] = {}
    file.write_text(json.dumps(state))
    return folder.checkpoint("attacker", 1) / "model.safetensors"


@pytest.mark.parametrize(
    "change",
    [
        changed_config,
        added_file,
        swapped_weights,
        linked_weights,
        removed_tokenizer,
        edited_metrics,
        stripped_digests,
    ],
)
def test_a_changed_file_is_named_when_the_run_is_resumed(
    folder: RunFolder, change: Callable[[RunFolder], Path]
) -> None:
    checkpoint = folder.checkpoint("attacker", 1)
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    (checkpoint / "tokenizer.json").write_bytes(b"{}")
    folder.log({"reward": 0.5})
    done = finished("attacker", 1).model_copy(update={"files": folder_digests(checkpoint)})
    folder.save(State(phases=(done,)))
    RunFolder.resume(config(folder.path))
    file = change(folder)
    with pytest.raises(RunFolderError, match=re.escape(str(file))):
        RunFolder.resume(config(folder.path))


@pytest.mark.parametrize("name", ["metrics.jsonl", "pool.sqlite", "rounds", "rounds/1"])
def test_a_resumed_run_follows_no_link_out_of_its_folder(folder: RunFolder, name: str) -> None:
    """Resuming cuts the metrics and deletes unfinished checkpoints."""
    outside = folder.path.parent / "outside"
    theirs = outside / "1" / "attacker" if name == "rounds" else outside / "attacker"
    link = folder.path / name
    link.parent.mkdir(exist_ok=True)
    if link.suffix:
        outside.write_text("years of work")
    else:
        theirs.mkdir(parents=True)
    link.symlink_to(outside)
    with pytest.raises(RunFolderError, match=f"{name}; it is a symbolic link"):
        RunFolder.resume(config(folder.path))
    assert outside.read_text() == "years of work" if link.suffix else theirs.is_dir()


def test_a_link_or_an_edit_is_found_before_the_settings_are_read(folder: RunFolder) -> None:
    changed_config(folder)
    with pytest.raises(RunFolderError, match=r"config\.yaml; it is not the one .* digest differs"):
        folder.config()


def test_a_deeply_nested_run_is_an_error_and_no_traceback(folder: RunFolder) -> None:
    for text, why in (("[" * 100_000, "nested"), ('{"kind": 1, "kind": 2}', "'kind' is set twice")):
        (folder.path / "run.json").write_text(text)
        with pytest.raises(RunFolderError, match=why):
            RunFolder.open(folder.path)


def test_a_model_of_the_hub_that_was_loaded_here_before_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    cache = tmp_path / "cache" / "models--owner--model"
    for name, text in (("snapshots/abc/config.json", "{}"), ("refs/main", "abc")):
        (cache / name).parent.mkdir(parents=True)
        (cache / name).write_text(text)
    seat = {"attacker": {"model": "owner/model"}}
    folder = RunFolder.create(config(tmp_path / "run", **seat), {})
    with pytest.raises(ConfigError, match="never loaded here"):
        folder.config()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    assert folder.config().attacker.model == "owner/model"
