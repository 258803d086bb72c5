"""Toy-size runs of the whole loop, with the real trainer on random models of two families."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from sectow_agents.algorithms.job import PhaseReport
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.run.folder import RunFolder
from sectow_agents.run.run import Run, RunSummary
from sectow_agents.settings.file import load_config
from sectow_agents.tug_of_war import TugOfWar
from sectow_env.game import Seat
from sectow_env.pool.store import AttackPool
from tests.agents.recipes import toy
from tests.agents.tiny import weights

pytestmark = pytest.mark.slow

PICKLES = {".bin", ".pt", ".pth", ".pkl", ".ckpt"}


class Diary:
    """Writes down what it is told; may fail at one place."""

    def __init__(self, fail_after: tuple[int, Seat] | None = None) -> None:
        self.told: list[tuple[str, int, str]] = []
        self.episodes: list[int] = []
        self.fail_after = fail_after

    def on_start(self, run: Run) -> None:
        self.told.append(("start", run.rounds, str(run.base("attacker"))))

    def on_phase_end(self, run: Run, report: PhaseReport) -> None:
        place = (report.summary.round, report.summary.seat)
        self.told.append(("phase", *place))
        self.episodes.append(len(report.episodes))
        assert run.checkpoint(report.summary.seat, report.summary.round).is_dir()
        if place == self.fail_after:
            raise KeyboardInterrupt

    def on_end(self, run: Run) -> None:
        self.told.append(("end", len(run.pool), ""))


def lines(folder: Path) -> list[dict[str, Any]]:
    """The metrics of a run without what differs from run to run."""
    found = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in found]


def pool_of(folder: Path) -> list[tuple[int, str]]:
    with AttackPool(folder / "pool.sqlite", read_only=True) as pool:
        return [(entry.round, entry.turn.model_dump_json()) for entry in pool]


def test_one_round_of_full_weights(llava_next_folder: Path, tmp_path: Path) -> None:
    diary = Diary()
    config = toy(tmp_path / "run", llava_next_folder, llava_next_folder)
    before = torch.random.get_rng_state()
    summary = TugOfWar(config, [diary]).run()
    assert torch.equal(before, torch.random.get_rng_state())
    folder = summary.folder
    assert [kind for kind, *_ in diary.told] == ["start", "phase", "phase", "end"]
    assert diary.told[1:3] == [("phase", 1, "attacker"), ("phase", 1, "defender")]
    assert diary.episodes[0] > 0
    assert summary.pool == len(pool_of(folder)) == summary.phases[0].admitted > 0
    for seat in ("attacker", "defender"):
        _check_full(folder / "rounds" / "1" / seat, llava_next_folder)
    _check_metrics(folder)
    assert not [file for file in folder.rglob("*") if file.suffix in PICKLES]
    assert not list(folder.rglob("*.partial"))
    assert RunFolder.open(folder).state.phases == summary.phases


def _check_full(checkpoint: Path, base: Path) -> None:
    before, after = weights(base), weights(checkpoint)
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert (checkpoint / "generation_config.json").read_text() == (
        base / "generation_config.json"
    ).read_text()
    assert LocalModel(checkpoint).generator.processor.tokenizer.padding_side == "left"


def _check_metrics(folder: Path) -> None:
    found = lines(folder)
    assert [line["event"] for line in found] == ["quality", *["step", "step", "quality"] * 2]
    steps = [line for line in found if line["event"] == "step"]
    assert [(line["seat"], line["step"]) for line in steps] == [
        ("attacker", 1),
        ("attacker", 2),
        ("defender", 1),
        ("defender", 2),
    ]
    for line in steps:
        assert line["episodes"] == 16
        assert line["entropy"] is not None
        assert line["frac_reward_zero_std"] is not None
        assert line["reward"] is not None
    # The defender saw harmful and harmless requests in each of its steps.
    assert all(line["accuracy"] is not None for line in steps if line["seat"] == "defender")
    assert all(line["asr"] is not None for line in steps)


def test_two_rounds_of_adapters(idefics3_folder: Path, tmp_path: Path) -> None:
    training = {
        "steps": 1,
        "learning_rate": 1e-2,
        "batch": 16,
        "group": 4,
        "max_new_tokens": 6,
        "lora": {"rank": 2, "alpha": 4},
    }
    seats: dict[str, Any] = {
        seat: {"model": str(idefics3_folder), "training": training}
        for seat in ("attacker", "defender")
    }
    config = toy(
        tmp_path / "run",
        idefics3_folder,
        idefics3_folder,
        rounds=2,
        league={"past": 0.5},
        **seats,
    )
    summary = TugOfWar(config).run()
    rounds = [summary.folder / "rounds" / str(number) for number in (1, 2)]
    for seat in ("attacker", "defender"):
        first, second = (weights(folder / seat) for folder in rounds)
        # The same adapter went on: no second one, and not the whole model.
        assert first.keys() == second.keys()
        assert all(".lora_" in name for name in first)
        assert any(not torch.equal(first[name], second[name]) for name in first)
        assert any(bool(second[name].abs().sum() > 0) for name in second if ".lora_B." in name)
    assert LocalModel(rounds[1] / "defender").generator.model.active_adapters == ["default"]


def test_a_pack_is_played_instead_of_the_world(
    llava_next_folder: Path, tmp_path: Path, root: Path
) -> None:
    pack = tmp_path / "tiny.jsonl"
    rows = [
        {
            "id": f"{split}{number}",
            "behavior": f"tell secret {number}",
            "harmful": number % 2 == 0,
            "split": split,
            "query": f"what is secret {number} ?",
            "reference": f"secret {number}",
        }
        for split in ("train", "validation")
        for number in range(4)
    ]
    pack.write_text("".join(json.dumps(row) + "\n" for row in rows))
    small = ["steps=1", "batch=8", "group=4", "max_new_tokens=8"]
    config = load_config(
        root / "configs" / "pack.yaml",
        [
            f"run={tmp_path / 'run'}",
            f"scenarios={pack}",
            f"attacker.model={llava_next_folder}",
            f"defender.model={llava_next_folder}",
            *(f"{seat}.training.{one}" for seat in ("attacker", "defender") for one in small),
        ],
    )
    summary = TugOfWar(config).run()
    # A random model writes nothing that is in the grammar, and the defender trains all the same.
    assert summary.phases[0].summary.metrics["invalid"] == 1.0
    assert summary.pool == 0
    assert summary.phases[1].summary.metrics["accuracy"] is not None
    assert summary.base.benign.benign == 2


@pytest.fixture(scope="module")
def uninterrupted(llava_next_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    TugOfWar(toy(folder, llava_next_folder, llava_next_folder)).run()
    return folder


def same_end(one: Path, other: Path) -> None:
    """Bit for bit, but for times and paths."""
    for seat in ("attacker", "defender"):
        a, b = (weights(folder / "rounds" / "1" / seat) for folder in (one, other))
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert pool_of(one) == pool_of(other)
    assert lines(one) == lines(other)


def test_a_run_killed_after_a_phase_ends_like_an_uninterrupted_one(
    llava_next_folder: Path, tmp_path: Path, uninterrupted: Path
) -> None:
    config = toy(tmp_path / "run", llava_next_folder, llava_next_folder)
    with pytest.raises(KeyboardInterrupt):
        TugOfWar(config, [Diary(fail_after=(1, "attacker"))]).run()
    diary = Diary()
    TugOfWar(config, [diary]).run(resume=True)
    # The callback that was killed hears of the phase again; its episodes are in the pool.
    assert diary.told[1:3] == [("phase", 1, "attacker"), ("phase", 1, "defender")]
    assert diary.episodes[0] == 0
    same_end(config.run, uninterrupted)


def test_a_run_killed_in_a_phase_ends_like_an_uninterrupted_one(
    llava_next_folder: Path,
    tmp_path: Path,
    uninterrupted: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sectow_env.pool.store import AttackPool as Pool

    config = toy(tmp_path / "run", llava_next_folder, llava_next_folder)
    real = Pool.add

    def add_then_die(self: Pool, *args: Any, **named: Any) -> Any:
        real(self, *args, **named)
        raise KeyboardInterrupt

    # At the worst moment: weights and pool are written, the state is not.
    monkeypatch.setattr(Pool, "add", add_then_die)
    with pytest.raises(KeyboardInterrupt):
        TugOfWar(config).run()
    monkeypatch.undo()
    assert (config.run / "rounds" / "1" / "attacker").is_dir()
    assert RunFolder.open(config.run).state.phases == ()
    TugOfWar(config).run(resume=True)
    same_end(config.run, uninterrupted)


def test_a_finished_run_is_not_played_again(uninterrupted: Path, llava_next_folder: Path) -> None:
    before = lines(uninterrupted)
    diary = Diary()
    config = toy(uninterrupted, llava_next_folder, llava_next_folder)
    summary: RunSummary = TugOfWar(config, [diary]).run(resume=True)
    assert [kind for kind, *_ in diary.told] == ["start", "end"]
    assert len(summary.phases) == 2
    assert lines(uninterrupted) == before
