"""Two processes train one run: what they leave, and what is left when one of them is killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from accelerate.commands.config.config_args import load_config_from_file

from sectow_agents.run.folder import RunFolder
from sectow_agents.settings.file import load_config
from sectow_agents.tug_of_war import TugOfWar
from sectow_env.pool.store import AttackPool
from tests.agents.algorithms.test_checkpoint import check_same
from tests.agents.launch import ROOT, run, two_processes
from tests.agents.recipes import toy
from tests.agents.tiny import weights

SEATS = ("attacker", "defender")


@pytest.fixture(scope="module")
def settings(llava_next_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    made = toy(folder / "run", llava_next_folder, llava_next_folder, checkpoint_every=1)
    file = folder / "toy.yaml"
    file.write_text(yaml.safe_dump(made.model_dump(mode="json")))
    return file


@pytest.fixture(scope="module")
def whole(settings: Path) -> dict[str, Any]:
    done = run([*two_processes("ddp"), "train", "--config", str(settings), "--json"])
    assert done.returncode == 0, done.stderr[-3000:]
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def killed_and_resumed(settings: Path, folder: Path, how: str, kill: str) -> None:
    command = ["train", "--config", str(settings), "--run", str(folder)]
    dead = run([*two_processes(how, kill), *command])
    assert dead.returncode != 0
    assert "process 0 of 2\n  why: another process has ended" in dead.stderr, dead.stderr[-3000:]
    assert "Signal 9 (SIGKILL) received" in dead.stderr
    resumed = run([*two_processes(how), *command, "--resume"])
    assert resumed.returncode == 0, resumed.stderr[-3000:]
    assert f"{kill.split(':')[1]}: resumes after optimizer step 1" in resumed.stderr


@pytest.mark.slow
def test_two_processes_train_one_round(whole: dict[str, Any], settings: Path) -> None:
    """Both train, one writes: the folder is that of one process, with the same counts."""
    run_folder = Path(whole["folder"])
    folder = RunFolder.open(run_folder)
    assert folder.about["processes"] == 2
    assert [phase["seat"] for phase in whole["phases"]] == ["attacker", "defender"]
    assert [phase.reported for phase in folder.state.phases] == [True, True]
    with AttackPool(run_folder / "pool.sqlite", read_only=True) as pool:
        assert len(pool) == whole["pool"] == folder.state.phases[0].admitted > 0
    lines = [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["quality", *["step", "step", "quality"] * 2]
    # The whole batch, of both processes.
    assert [line["episodes"] for line in lines if line["event"] == "step"] == [16] * 4
    base = weights(Path(load_config(settings).attacker.model))
    for seat in SEATS:
        trained = weights(run_folder / "rounds" / "1" / seat)
        assert trained.keys() == base.keys()
        assert any(not torch.equal(trained[name], base[name]) for name in base)
    assert not [file for file in run_folder.rglob("*") if file.suffix in {".partial", ".steps"}]
    # One process resumes where two have ended, and has nothing left to do.
    assert len(TugOfWar(load_config(settings)).run(resume=True).phases) == 2


@pytest.mark.slow
def test_a_run_survives_the_loss_of_a_process(
    whole: dict[str, Any], settings: Path, tmp_path: Path
) -> None:
    killed_and_resumed(settings, tmp_path / "run", "ddp", "1:defender:1")
    check_same(Path(whole["folder"]), tmp_path / "run")


@pytest.mark.slow
def test_weights_in_parts_are_saved_whole(
    whole: dict[str, Any], settings: Path, tmp_path: Path
) -> None:
    """FSDP2, killed and resumed, ends as it does alone, with the tensors that DDP saves."""
    alone, resumed = tmp_path / "alone", tmp_path / "run"
    done = run([*two_processes("fsdp2"), "train", "--config", str(settings), "--run", str(alone)])
    assert done.returncode == 0, done.stderr[-3000:]
    killed_and_resumed(settings, resumed, "fsdp2", "1:attacker:1")
    for seat in SEATS:
        ddp, first, second = (
            weights(folder / "rounds" / "1" / seat)
            for folder in (Path(whole["folder"]), alone, resumed)
        )
        shapes = {name: tensor.shape for name, tensor in first.items()}
        assert shapes == {name: tensor.shape for name, tensor in ddp.items()}
        for name in first:
            torch.testing.assert_close(first[name], second[name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("file", sorted((ROOT / "configs" / "accelerate").glob("*")), ids=str)
def test_accelerate_reads_our_configurations(file: Path) -> None:
    read = load_config_from_file(str(file))
    assert read.num_processes == 2
    if read.distributed_type == "DEEPSPEED":
        assert f"ZeRO-{read.deepspeed_config['zero_stage']}: not run" in file.read_text()
