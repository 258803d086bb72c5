"""Supervised fine-tuning on TRL's trainer: it learns, from pictures too, and from targets alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.job import Job, TrainingData, train
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.settings.training import LoraSettings, SftSettings
from sectow_env.errors import ConfigError
from sectow_env.game import Attack
from sectow_env.game.asking import defence_conversation
from sectow_env.game.decoding import Decoding
from sectow_env.game.picture import Picture
from sectow_env.policies.chat import ChatDefender

PICTURES = [Picture.from_pil(Image.new("RGB", (16, 16), shade)) for shade in ("black", "white")]
ATTACKS = [Attack(query="?", image=picture) for picture in PICTURES] + [Attack(query="no picture")]
TARGETS = ("x", "y", "z")


def job(model: Path, out: Path, sink: list[Any], **settings: Any) -> Job:
    chosen = {"steps": 2, "batch": 4, "micro_batch": 2, "learning_rate": 1e-2, **settings}
    return Job(
        seat="defender",
        round=1,
        seed=0,
        training=SftSettings.model_validate({"schedule": "constant", **chosen}),
        source=model,
        out=out,
        sink=sink.append,
    )


def data(targets: Sequence[str | None] | None, order: Sequence[int]) -> TrainingData:
    prompts = [Prompt(defence_conversation(attack)) for attack in ATTACKS]
    return TrainingData(prompts, order, targets=targets)


@pytest.mark.slow
def test_it_learns_what_only_the_picture_decides(llava_next_folder: Path, tmp_path: Path) -> None:
    lines: list[Any] = []
    steps = 25
    phase = job(llava_next_folder, tmp_path, lines, steps=steps)
    report = train(phase, data(TARGETS, [0, 1, 2, 2] * steps))
    assert lines[0]["loss"] > 4
    assert lines[-1]["loss"] < 0.1
    assert [line["step"] for line in lines] == list(range(1, steps + 1))
    assert all(line["episodes"] == 0 and line["asr"] is None for line in lines)
    assert lines[-1]["token_accuracy"] == 1.0
    assert report.summary.metrics["loss"] == pytest.approx(lines[-1]["loss"], abs=0.2)
    defender = ChatDefender(LocalModel(tmp_path), Decoding(max_new_tokens=3))
    assert defender.respond(ATTACKS) == list(TARGETS)


@pytest.mark.slow
def test_only_the_target_is_learned_and_in_the_order_given(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    from sectow_agents.algorithms.sft import _build

    phase = job(llava_next_folder, tmp_path, [])
    assert isinstance(phase.training, SftSettings)
    trainer = _build(phase, data(TARGETS, [2, 2, 1, 0, 0, 1, 2, 2]), phase.training, tmp_path)
    words = trainer.processing_class.tokenizer
    seen = [
        words.decode(labels[labels != -100])
        for batch in trainer.get_train_dataloader()
        for labels in batch["labels"]
    ]
    assert seen == [f"{TARGETS[index]}<|end|>" for index in (2, 2, 1, 0, 0, 1, 2, 2)]


@pytest.mark.slow
def test_an_adapter_is_trained(idefics3_folder: Path, tmp_path: Path) -> None:
    lines: list[Any] = []
    phase = job(idefics3_folder, tmp_path, lines, lora=LoraSettings(rank=2).model_dump())
    train(phase, data(TARGETS, [0, 1, 2, 2] * 2))
    assert (tmp_path / "adapter_model.safetensors").is_file()
    assert all(math.isfinite(line["loss"]) for line in lines)


@pytest.mark.parametrize(
    ("targets", "why"), [(None, "no target"), (("x", None, "z"), "1 of the 3 prompts")]
)
def test_a_missing_target_is_refused(targets: Any, why: str, tmp_path: Path) -> None:
    phase = job(tmp_path / "none", tmp_path, [])
    with pytest.raises(ConfigError, match=why):
        train(phase, data(targets, [0, 1, 2, 2] * 2))
