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
from sectow_benchmarks.report.story import read_story
from sectow_env.game import Seat
from sectow_env.pool.store import AttackPool
from tests.agents.recipes import toy
from tests.agents.tiny import weights

pytestmark = pytest.mark.slow

PICKLES = {".bin", ".pt", ".pth", ".pkl", ".ckpt"}


class Diary:
    """Counts the episodes of each phase; may fail after one."""

    def __init__(self, fail_after: tuple[int, Seat] | None = None) -> None:
        self.episodes: dict[tuple[int, Seat], int] = {}
        self.fail_after = fail_after

    def on_start(self, run: Run) -> None: ...

    def on_phase_end(self, run: Run, report: PhaseReport) -> None:
        place = (report.summary.round, report.summary.seat)
        self.episodes[place] = len(report.episodes)
        assert run.checkpoint(report.summary.seat, report.summary.round).is_dir()
        if place == self.fail_after:
            raise KeyboardInterrupt

    def on_end(self, run: Run) -> None: ...


def lines(folder: Path) -> list[dict[str, Any]]:
    """The metrics of a run without what differs from run to run."""
    read = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in read]


def pool_of(folder: Path) -> list[tuple[int, str]]:
    with AttackPool(folder / "pool.sqlite", read_only=True) as pool:
        return [(entry.round, entry.turn.model_dump_json()) for entry in pool]


@pytest.fixture(scope="module")
def uninterrupted(llava_next_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    """One round of full weights."""
    folder, diary = tmp_path_factory.mktemp("whole") / "run", Diary()
    before = torch.random.get_rng_state()
    summary = TugOfWar(toy(folder, llava_next_folder, llava_next_folder), [diary]).run()
    assert torch.equal(before, torch.random.get_rng_state())
    assert diary.episodes[1, "attacker"] > 0
    return summary


def test_one_round_of_full_weights(llava_next_folder: Path, uninterrupted: RunSummary) -> None:
    summary, folder = uninterrupted, uninterrupted.folder
    assert summary.pool == len(pool_of(folder)) == summary.phases[0].admitted > 0
    for seat in ("attacker", "defender"):
        _check_full(folder / "rounds" / "1" / seat, llava_next_folder)
    _check_metrics(folder)
    assert not [file for file in folder.rglob("*") if file.suffix in PICKLES]
    assert not list(folder.rglob("*.partial"))
    read = RunFolder.open(folder).state.phases
    assert read == tuple(done.model_copy(update={"reported": True}) for done in summary.phases)


def _check_full(checkpoint: Path, base: Path) -> None:
    before, after = weights(base), weights(checkpoint)
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert (checkpoint / "generation_config.json").read_text() == (
        base / "generation_config.json"
    ).read_text()
    assert LocalModel(checkpoint).generator.processor.tokenizer.padding_side == "left"


def _check_metrics(folder: Path) -> None:
    events = lines(folder)
    assert [line["event"] for line in events] == ["quality", *["step", "step", "quality"] * 2]
    steps = [line for line in events if line["event"] == "step"]
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


def test_an_adapter_is_trained_on_from_round_to_round(
    idefics3_folder: Path, tmp_path: Path
) -> None:
    training = {"steps": 1, "learning_rate": 1e-2, "batch": 8, "group": 4, "max_new_tokens": 6}
    lora = {"lora": {"rank": 2, "alpha": 4}}
    config = toy(
        tmp_path / "run",
        idefics3_folder,
        idefics3_folder,
        rounds=2,
        seats=["defender"],
        defender={"model": str(idefics3_folder), "training": training | lora},
    )
    folder = TugOfWar(config).run().folder / "rounds"
    first, second = (weights(folder / number / "defender") for number in ("1", "2"))
    # The same adapter was trained on: no second one, and not the whole model.
    assert first.keys() == second.keys()
    assert all(".lora_" in name for name in first)
    assert any(not torch.equal(first[name], second[name]) for name in first)
    assert any(bool(second[name].abs().sum() > 0) for name in second if ".lora_B." in name)
    assert LocalModel(folder / "2" / "defender").generator.model.active_adapters == ["default"]


def test_a_pack_is_played_and_a_defender_learns_its_references(
    llava_next_folder: Path, tmp_path: Path, root: Path
) -> None:
    """A pack instead of the world; GRPO in one seat, SFT in the other."""
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
    sft = "{algorithm: sft, steps: 20, batch: 8, learning_rate: 0.01, max_new_tokens: 24}"
    config = load_config(
        root / "configs" / "pack.yaml",
        [
            f"run={tmp_path / 'run'}",
            f"scenarios={pack}",
            "rounds=1",
            f"attacker.model={llava_next_folder}",
            f"defender.model={llava_next_folder}",
            *(f"attacker.training.{change}" for change in small),
            f"defender.training={sft}",
            "monitor.on_gate=keep",
        ],
    )
    summary = TugOfWar(config).run()
    # A random model writes nothing that is in the grammar, and the defender trains all the same.
    assert summary.phases[0].summary.metrics["invalid"] == 1.0
    assert summary.pool == 0
    learned = summary.phases[1].summary.metrics
    assert learned["loss_first"] is not None
    assert learned["loss"] is not None
    assert learned["loss"] < learned["loss_first"] / 2
    assert learned["asr"] is None
    assert summary.base.benign.benign == 2
    assert summary.base.benign.over_refusals == 0
    # What it learned is seen where it is played: it refuses, and knows the references.
    assert summary.phases[1].quality.benign.benign == 2
    steps = [line for line in lines(summary.folder) if line["event"] == "step"]
    assert [line["seat"] for line in steps] == ["attacker", *["defender"] * 20]
    # The page reads such a run like any other.
    story = read_story(summary.folder)
    assert (story.steps, [band.kind for band in story.bands]) == (21, ["attacker", "defender"])
    assert [phase.summary.steps for phase in story.phases] == [1, 20]
    assert any("of the attacks were invalid" in warning for warning in story.warnings)
    trained = weights(summary.folder / "rounds" / "1" / "defender")
    assert trained.keys() == weights(llava_next_folder).keys()


def same_end(first: Path, second: Path) -> None:
    """Bit for bit, but for times and paths."""
    for seat in ("attacker", "defender"):
        a, b = (weights(folder / "rounds" / "1" / seat) for folder in (first, second))
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert pool_of(first) == pool_of(second)
    assert lines(first) == lines(second)


def test_a_run_that_was_killed_twice_ends_like_an_uninterrupted_one(
    llava_next_folder: Path,
    tmp_path: Path,
    uninterrupted: RunSummary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = toy(tmp_path / "run", llava_next_folder, llava_next_folder)
    real = AttackPool.add

    def add_then_die(self: AttackPool, *args: Any, **named: Any) -> Any:
        real(self, *args, **named)
        raise KeyboardInterrupt

    # At the worst moment: weights and pool are written, the state is not.
    monkeypatch.setattr(AttackPool, "add", add_then_die)
    with pytest.raises(KeyboardInterrupt):
        TugOfWar(config).run()
    monkeypatch.undo()
    assert (config.run / "rounds" / "1" / "attacker").is_dir()
    assert RunFolder.open(config.run).state.phases == ()
    # And once more between two phases, in a callback.
    with pytest.raises(KeyboardInterrupt):
        TugOfWar(config, [Diary(fail_after=(1, "attacker"))]).run(resume=True)
    diary = Diary()
    TugOfWar(config, [diary]).run(resume=True)
    # The callback is called again for this phase; its episodes are in the pool.
    assert list(diary.episodes) == [(1, "attacker"), (1, "defender")]
    assert diary.episodes[1, "attacker"] == 0
    same_end(config.run, uninterrupted.folder)
