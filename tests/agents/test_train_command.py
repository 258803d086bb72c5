"""`sectow train`: what it prints, and with which status it ends."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sectow_env.commands.main import main

USER_ERROR = 2
INTERRUPTED = 130


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        main(["train", *arguments])
    return ended.value.code


@pytest.fixture
def recipe(root: Path) -> str:
    return str(root / "configs" / "apothecary.yaml")


def test_a_wrong_key_ends_with_the_nearest(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--config", recipe, "attacker.training.stepz=3") == USER_ERROR
    message = capsys.readouterr().err
    assert "there is no such key" in message
    assert "did you mean 'steps'?" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("world=apothecry:0", "apothecary"),
        ("judge=apothecary/trut", "apothecary/truth"),
        ("attacker.model=organism/attackr/", "organism/attacker"),
        ("scenarios=missing.jsonl", "missing.jsonl"),
    ],
)
def test_an_unknown_name_ends_with_the_nearest(
    recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, message: str
) -> None:
    assert run("--config", recipe, "--run", str(tmp_path / "run"), change) == USER_ERROR
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_missing_configuration_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == USER_ERROR
    assert "configs/apothecary.yaml" in capsys.readouterr().err


def test_resume_needs_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--resume", "--run", str(tmp_path)) == USER_ERROR
    assert "there is no run in it" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_names_the_folder_and_how_to_resume(
    tmp_path: Path,
    llava_next_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.agents.letters import InterruptingJudge
    from tests.agents.recipes import toy

    folder = tmp_path / "a run"
    settings = toy(folder, llava_next_folder, llava_next_folder).model_dump(mode="json")
    file = tmp_path / "toy.yaml"
    file.write_text(yaml.safe_dump(settings | {"judge": "tests.agents.letters:InterruptingJudge"}))
    assert run("--config", str(file)) == INTERRUPTED
    message = capsys.readouterr().err
    assert str(folder) in message
    command = shlex.split(message.split("resume with: ")[1])
    assert command[:2] == ["sectow", "train"]
    assert (folder / "state.json").is_file()

    monkeypatch.setattr(InterruptingJudge, "at", 0)
    assert run(*command[2:], "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert [phase["seat"] for phase in summary["phases"]] == ["attacker", "defender"]
    assert summary["pool"] > 0

    # The run is finished: resuming it changes nothing, and prints the table.
    assert run(*command[2:]) == 0
    shown = capsys.readouterr().out
    assert "1 defender" in shown
    # Without its configuration it is refused, because a judge was named by an import path.
    assert run("--resume", "--run", str(folder)) == USER_ERROR
    assert "never taken from a run folder" in capsys.readouterr().err


@pytest.mark.slow
def test_a_full_disk_ends_with_a_message_and_the_run_is_resumed(
    tmp_path: Path, llava_next_folder: Path
) -> None:
    from tests.agents.recipes import toy

    settings = toy(tmp_path / "run", llava_next_folder, llava_next_folder).model_dump(mode="json")
    file = tmp_path / "toy.yaml"
    file.write_text(yaml.safe_dump(settings))
    program = "from sectow_env.commands.main import main; main()"
    command = shlex.join([sys.executable, "-c", program, "train", "--config", str(file)])
    limited = subprocess.run(
        ["/bin/bash", "-c", f"ulimit -f 64; exec {command}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert limited.returncode == USER_ERROR, limited.stderr
    assert "ulimit -f" in limited.stderr
    assert "Traceback" not in limited.stderr
    again = subprocess.run(
        [*shlex.split(command), "--resume", "--json"], capture_output=True, text=True, check=True
    )
    summary = json.loads(again.stdout)
    assert [phase["seat"] for phase in summary["phases"]] == ["attacker", "defender"]


def test_a_folder_that_cannot_be_is_refused_at_once(
    recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--config", recipe, "--run", "x" * 300) == USER_ERROR
    assert "File name too long" in capsys.readouterr().err
    assert run("--config", recipe, "--run", "x" * 300, "--resume") == USER_ERROR
    assert "File name too long" in capsys.readouterr().err


def test_a_run_folder_of_somebody_else_does_not_publish(
    recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sectow_agents.run.folder import RunFolder
    from sectow_agents.settings.file import load_config
    from sectow_env.files import digest_of

    folder = tmp_path / "run"
    RunFolder.create(load_config(Path(recipe), [f"run={folder}"]), {})
    config, about = folder / "config.yaml", folder / "run.json"
    config.write_text(config.read_text().replace("grpo: {}", "grpo: {push_to_hub: true}", 1))
    known = json.loads(about.read_text()) | {"config_yaml_sha256": digest_of(config.read_bytes())}
    about.write_text(json.dumps(known))
    assert run("--run", str(folder), "--resume") == USER_ERROR
    assert "publishes" in capsys.readouterr().err
