"""Runs TRL's trainer for one phase, silently, and leaves a checkpoint behind."""

from __future__ import annotations

import gc
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback
from trl import GRPOTrainer

from sectow_agents.algorithms.curriculum import in_batches_of_a_kind
from sectow_agents.algorithms.dataset import Prompt, build_dataset
from sectow_agents.algorithms.grpo_config import grpo_config, lora_config
from sectow_agents.algorithms.job import Job, PhaseReport, Summary
from sectow_agents.algorithms.recorder import Recorder, summarise
from sectow_agents.algorithms.rewards import SeatReward
from sectow_agents.models.families import family_of
from sectow_agents.models.generator import control_tokens, suppressed_tokens
from sectow_agents.models.load import load_model, pick_device
from sectow_agents.models.quiet import quiet


def prompts_needed(job: Job) -> int:
    """Prompts of a whole phase."""
    return job.training.steps * job.training.batch // job.training.group


def train(
    job: Job, prompts: Sequence[Prompt], order: Sequence[int], reward: SeatReward
) -> PhaseReport:
    """Train the seat's policy by GRPO and save it.

    Args:
        job: Settings, weights to start from and where the new ones go.
        prompts: All prompts.
        order: Index of each prompt that is played, `prompts_needed(job)` in all.
        reward: Prices completions.
    """
    begun = time.perf_counter()
    recorder = Recorder(job, reward)
    with quiet(), _own_randomness(), tempfile.TemporaryDirectory() as scratch:
        trainer, processor = _build(job, prompts, order, reward, Path(scratch))
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(recorder)
        try:
            trainer.train()
        finally:
            recorder.close()
        _save(trainer, processor, job.out)
        # The trainer's parts point at each other; a large model must not wait for the collector.
        trainer.accelerator.free_memory()
        del trainer
        gc.collect()
    summary = Summary(
        seat=job.seat,
        round=job.round,
        steps=job.training.steps,
        seconds=round(time.perf_counter() - begun, 3),
        metrics=summarise(recorder.lines),
    )
    return PhaseReport(summary=summary, episodes=tuple(recorder.successes))


def _build(
    job: Job,
    prompts: Sequence[Prompt],
    order: Sequence[int],
    reward: SeatReward,
    scratch: Path,
) -> tuple[GRPOTrainer, Any]:
    training = job.training
    model, processor = load_model(
        job.source,
        device=job.device,
        dtype=job.dtype,
        trainable=True,
        full=training.lora is None,
    )
    family = family_of(model.config)
    # An adapter of an earlier round goes on being trained; it must not get a second one.
    adapted = hasattr(model, "peft_config")
    if adapted and training.lora is None:
        model = model.merge_and_unload()
    if training.lora is None and not training.train_vision:
        family.vision_module(model).requires_grad_(False)
    control = control_tokens(processor)
    told = [prompt.inert(control) for prompt in prompts]
    with_image = [bool(prompt.pictures) for prompt in told]
    micro = training.micro(images=any(with_image[index] for index in order))
    rows = in_batches_of_a_kind(order, with_image.__getitem__, micro // training.group)
    args = grpo_config(
        training,
        micro=micro,
        seed=job.seed,
        folder=scratch,
        device=pick_device(job.device),
        suppressed=suppressed_tokens(model, processor),
    )
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=[reward],
        args=args,
        train_dataset=build_dataset(told, rows),
        processing_class=processor if family.sees_images else processor.tokenizer,
        peft_config=lora_config(training.lora, family) if training.lora and not adapted else None,
    )
    return trainer, processor


def _save(trainer: GRPOTrainer, processor: Any, out: Path) -> None:
    """Weights as safetensors with the processor: what a folder needs to be loaded by anyone."""
    if not trainer.accelerator.is_main_process:
        return
    model = trainer.accelerator.unwrap_model(trainer.model)
    # TRL marks the model with tags of its own and sets padding; its generation settings are ours.
    model.save_pretrained(out, safe_serialization=True)
    processor.save_pretrained(out)


@contextmanager
def _own_randomness() -> Iterator[None]:
    """Give the caller's global generators back as they were: TRL seeds all of them."""
    python, numpy_state = random.getstate(), deepcopy(np.random.get_state())  # noqa: NPY002
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy_state)  # noqa: NPY002
