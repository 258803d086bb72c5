"""Checkpoints in mid-phase: a run that was cut short ends bit for bit like one that was not."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from sectow_agents.algorithms.checkpoint import (
    Checkpoints,
    _generators,
    _python_generators,
    newest,
)
from sectow_agents.algorithms.recorder import Recorder
from sectow_agents.processes import ALONE
from sectow_agents.run.folder import RunFolder
from sectow_agents.settings.run_config import RunConfig
from sectow_agents.tug_of_war import TugOfWar
from tests.agents.recipes import TEMPLATE, toy
from tests.agents.tiny import weights

STEPS, EVERY = 5, 2
LORA = {"rank": 2, "alpha": 4, "dropout": 0.3}
PICKLES = {".bin", ".pt", ".pth", ".pkl"}
Change = Callable[[Path], None]


def config(run: Path, model: Path, attacker: dict[str, Any], defender: dict[str, Any]) -> RunConfig:
    shared = {"steps": STEPS, "schedule": "cosine", "warmup": 1, "learning_rate": 1e-3, "batch": 8}
    shared |= {"max_new_tokens": 6}
    mix = {"pool": 0.5, "benign": 0.3, "general": 0.0, "controlled": 0.2}
    seats = {
        "attacker": {
            "model": str(model),
            "template": TEMPLATE,
            "training": {**shared, "group": 4, **attacker},
        },
        "defender": {"model": str(model), "mix": mix, "training": {**shared, **defender}},
    }
    return toy(run, model, model, checkpoint_every=EVERY, **seats)


class Cut(BaseException):
    """As a kill: nothing catches it."""


def cut(run: RunConfig, seat: str, step: int, *, resume: bool = False) -> None:
    """Run until a seat has made so many optimizer steps of its phase."""
    real = RunFolder.log

    def log(self: RunFolder, line: dict[str, Any]) -> None:
        real(self, line)
        if (line["event"], line.get("seat"), line.get("step")) == ("step", seat, step):
            raise Cut

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "log", log)
        with pytest.raises(Cut):
            TugOfWar(run).run(resume)


def lines(folder: Path) -> list[dict[str, Any]]:
    read = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in read]


def check_same(whole: Path, resumed: Path) -> None:
    """Metrics, weights and pool, to the last bit."""
    assert lines(whole) == lines(resumed)
    for seat in ("attacker", "defender"):
        first, second = (weights(folder / "rounds" / "1" / seat) for folder in (whole, resumed))
        assert first.keys() == second.keys()
        assert all(torch.equal(first[name], second[name]) for name in first)
    states = [RunFolder.open(folder).state for folder in (whole, resumed)]
    assert states[0].pool_sha256 == states[1].pool_sha256 is not None
    assert not [file for file in resumed.rglob("*") if file.suffix in {".steps", ".partial"}]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every optimizer step that is made."""
    steps: list[tuple[str, int]] = []

    def on_step_begin(self: Recorder, _args: object, state: Any, *_: object, **__: object) -> None:
        steps.append((self._job.seat, int(state.global_step) + 1))

    monkeypatch.setattr(Recorder, "on_step_begin", on_step_begin)
    return steps


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attacker", "defender"),
    [
        ({}, {"group": 4, "micro_batch": 4, "grpo": {"num_iterations": 2}}),
        ({"lora": LORA, "kl": 0.1}, {"algorithm": "sft", "lora": LORA}),
    ],
    ids=["all weights", "adapters, kl, sft"],
)
def test_a_phase_that_was_cut_short_ends_like_a_whole_one(
    llava_next_folder: Path,
    tmp_path: Path,
    played: list[tuple[str, int]],
    attacker: dict[str, Any],
    defender: dict[str, Any],
) -> None:
    TugOfWar(config(tmp_path / "whole", llava_next_folder, attacker, defender)).run()
    assert len(played) == 2 * STEPS
    run = config(tmp_path / "run", llava_next_folder, attacker, defender)
    cut(run, "attacker", 3)
    steps = tmp_path / "run" / "rounds" / "1" / "attacker.steps"
    assert [folder.name for folder in steps.iterdir()] == ["2"]
    assert not [file for file in steps.rglob("*") if file.suffix in PICKLES]
    played.clear()
    cut(run, "defender", 5, resume=True)
    TugOfWar(run).run(resume=True)
    assert played[:4] == [*(("attacker", step) for step in (3, 4, 5)), ("defender", 1)]
    assert played[-1] == ("defender", 5)
    assert len(played) == 3 + 5 + 1, "no more steps are lost than since the last checkpoint"
    check_same(tmp_path / "whole", tmp_path / "run")


def test_generators_draw_on(tmp_path: Path) -> None:
    """Nothing of TRL draws from Python's or numpy's today; a reward function of one's own may."""

    def draw() -> list[float]:
        return [random.random(), float(np.random.rand()), float(torch.rand(()))]  # noqa: NPY002

    trainer = SimpleNamespace(is_deepspeed_enabled=False, is_fsdp_enabled=False)
    job: Any = SimpleNamespace(share=ALONE, checkpoint_every=1, steps=tmp_path)
    recorder: Any = SimpleNamespace()
    checkpoints: Any = Checkpoints(job, trainer, recorder, None)
    checkpoints._folder = tmp_path
    random.gauss(0.0, 1.0)
    save_file(_generators(), tmp_path / "rank-0.safetensors", metadata=_python_generators())
    drawn = draw()
    assert drawn != draw()
    checkpoints._load_generators(None)
    assert draw() == drawn


def write(steps: Path, step: int, processes: int = 1) -> Path:
    """A checkpoint of one file."""
    folder = steps / str(step)
    folder.mkdir(parents=True)
    (folder / "rank-0.safetensors").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    about = {"processes": processes, "files": {"rank-0.safetensors": digest}}
    (folder / "checkpoint.json").write_text(json.dumps(about))
    return folder


def test_the_newest_whole_checkpoint_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert newest(None, 1) is None
    assert newest(tmp_path / "none", 1) is None
    for step in (2, 10):
        write(tmp_path, step)
    (tmp_path / ".12.partial").mkdir()
    assert newest(tmp_path, 1) == tmp_path / "10"
    assert newest(tmp_path, 2) is None
    assert "1 processes wrote it, and now there are 2" in capsys.readouterr().err


def changed(folder: Path) -> None:
    (folder / "rank-0.safetensors").write_bytes(b"others")


def added(folder: Path) -> None:
    (folder / "optimizer.pt").write_bytes(b"")


def removed(folder: Path) -> None:
    (folder / "rank-0.safetensors").unlink()


def linked(folder: Path) -> None:
    file = folder / "rank-0.safetensors"
    file.rename(folder.parent / "elsewhere")
    file.symlink_to(folder.parent / "elsewhere")


def unfinished(folder: Path) -> None:
    (folder / "checkpoint.json").unlink()


@pytest.mark.parametrize("change", [changed, added, removed, linked, unfinished])
def test_a_checkpoint_that_was_changed_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Change
) -> None:
    write(tmp_path, 4)
    change(write(tmp_path, 6))
    assert newest(tmp_path, 1) == tmp_path / "4"
    assert f"the checkpoint {tmp_path / '6'} is left out" in capsys.readouterr().err.replace(
        "\n", ""
    )
