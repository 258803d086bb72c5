"""Supervised fine-tuning on target responses, with images. TRL's `SFTTrainer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trl import SFTConfig, SFTTrainer
from trl.data_utils import prepare_multimodal_messages

from sectow_agents.algorithms.common import (
    batched,
    inert_data,
    load_trainee,
    run_trainer,
    trainer_arguments,
)
from sectow_agents.algorithms.dataset import build_dataset
from sectow_agents.algorithms.job import Job, PhaseReport, TrainingData
from sectow_agents.models.begin import begun
from sectow_agents.settings.training import SftSettings
from sectow_env.errors import ConfigError

METRICS = {
    "loss": "loss",
    "mean_token_accuracy": "token_accuracy",
    "entropy": "entropy",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
}
"""Metrics of TRL that we keep, and what we call them."""


def train(job: Job, data: TrainingData, settings: SftSettings) -> PhaseReport:
    """Train the seat's policy to give the target responses, and save it.

    Nothing is played in training, so neither a reward nor a judge is needed.

    Raises:
        ConfigError: A setting cannot work, or a prompt has no target.
    """
    _check_targets(job, data)
    data = replace(data, reward=None)
    return run_trainer(job, data, METRICS, lambda scratch: _build(job, data, settings, scratch))


def _check_targets(job: Job, data: TrainingData) -> None:
    given = f"{job.seat}.training.algorithm=sft"
    if data.targets is None:
        raise ConfigError(
            given=given,
            why=f"a phase of the {job.seat} has no target responses to learn",
            fix="train this seat by grpo",
        )
    used = set(data.order)
    missing = sum(data.targets[index] is None for index in used)
    if missing:
        raise ConfigError(
            given=given,
            why=f"{missing} of the {len(used)} prompts have no target response: a benign scenario "
            "is learned from its reference",
            fix="give these scenarios a reference, leave their source out of the mix, or use grpo",
        )


def _build(job: Job, data: TrainingData, settings: SftSettings, scratch: Path) -> SFTTrainer:
    trainee = load_trainee(job, settings)
    inert = inert_data(data, trainee)
    micro, rows = batched(job, inert, settings)
    arguments = trainer_arguments(job, micro, scratch)
    trainer = SFTTrainer(
        model=trainee.model,
        args=sft_config(settings, arguments),
        train_dataset=build_dataset(
            inert.prompts, rows, data.targets, pictures=trainee.family.sees_images
        ),
        processing_class=trainee.processing,
        peft_config=trainee.peft_config,
    )
    if trainee.family.sees_images:
        trainer.data_collator = _AsPlayed(trainer.data_collator, trainee.processor)
    return trainer


class _AsPlayed:
    """Renders rows before TRL's collator does, so that prompts are those that are played.

    Some templates begin an answer otherwise than they ask for one; TRL would cut the prompt there.
    """

    def __init__(self, collator: Any, processor: Any) -> None:
        self._collator = collator
        self._processor = processor

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = self._collator([{**row, **self._texts(row)} for row in rows])
        return batch

    def _texts(self, row: Mapping[str, Any]) -> dict[str, str]:
        chat = prepare_multimodal_messages(row["prompt"], images=row["images"])
        answer = str(row["completion"][0]["content"]).strip()
        answered = prepare_multimodal_messages(row["completion"])
        prompt, whole = (
            str(self._processor.apply_chat_template(messages, add_generation_prompt=more))
            for messages, more in ((chat, True), ([*chat, *answered], False))
        )
        place = whole.rfind(answer)
        end = whole[place + len(answer) :] if place >= 0 else ""
        completion = whole.removeprefix(prompt) if whole.startswith(prompt) else answer + end
        return {"prompt": begun(self._processor, prompt), "completion": completion}


def sft_config(settings: SftSettings, arguments: dict[str, Any]) -> SFTConfig:
    """The trainer's configuration."""
    ours: dict[str, Any] = {
        **arguments,
        "completion_only_loss": True,
        # Cutting would drop the target, which comes last, and could cut an image's tokens in two.
        "max_length": None,
        # Unlike the GRPO trainer, this one shuffles unless it is given an order.
        "train_sampling_strategy": "sequential",
        # The rows are made when read, from the column `item`, which TRL would remove.
        "remove_unused_columns": False,
    }
    return SFTConfig(**ours, **settings.sft)
