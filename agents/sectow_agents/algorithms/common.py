"""What all algorithms share: loading, adapters, arguments, recording, saving, own randomness."""

from __future__ import annotations

import gc
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer
from transformers.pytorch_utils import Conv1D

from sectow_agents.algorithms.checkpoint import Checkpoints
from sectow_agents.algorithms.curriculum import same_modality_batches
from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.engines import close_engine
from sectow_agents.algorithms.job import Job, PhaseReport, Summary, TrainingData
from sectow_agents.algorithms.recorder import Recorder, check_weights, summarise
from sectow_agents.algorithms.sharding import gathered, in_parts, name_layers
from sectow_agents.models.begin import begin_once
from sectow_agents.models.families import Family, family_of
from sectow_agents.models.generation_config import keep_settings
from sectow_agents.models.generator import control_tokens
from sectow_agents.models.intact import few
from sectow_agents.models.load import load_model, pick_device
from sectow_agents.models.quiet import quiet
from sectow_agents.models.shared import InMemory
from sectow_agents.models.template import Template
from sectow_agents.settings.training import LoraSettings, TrainingSettings
from sectow_env.errors import ConfigError

_ADAPTABLE = (
    *(torch.nn.Linear, torch.nn.Embedding, torch.nn.MultiheadAttention, Conv1D),
    *(torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d),
)
"""Modules that PEFT can give a LoRA adapter."""
_SCHEDULES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


@dataclass(frozen=True)
class Trainee:
    """A model that is ready to be trained."""

    source: str | Path
    model: Any
    processor: Any
    family: Family
    peft_config: Any
    """Of a new adapter; None where all weights are trained, or an adapter already exists."""

    @property
    def processing(self) -> Any:
        """What a trainer of TRL takes as `processing_class`: a text model has no processor."""
        return self.processor if self.family.sees_images else self.processor.tokenizer


def load_trainee(job: Job, settings: TrainingSettings) -> Trainee:
    """Load the seat's weights: frozen, merged or with an adapter, as the settings ask."""
    lora = settings.lora
    cast = bool(getattr(settings, "grpo", {}).get("cast_lm_head_to_fp32"))
    model, processor = load_model(
        job.source,
        device=job.device,
        dtype=job.dtype,
        trainable=True,
        full=lora is None,
        # Sharded weights are taken apart, and a larger head would be everybody's.
        memory=InMemory(lora is not None and not in_parts() and not cast, job.quantization),
    )
    # Training of an earlier round's adapter continues; it must not get a second one.
    adapted = hasattr(model, "peft_config")
    if adapted and lora is None:
        model = model.merge_and_unload()
    family = family_of(model.config)
    if lora is None and not settings.train_vision and family.sees_images:
        family.freeze_vision(model)
    if family.sees_images:
        begin_once(processor)
    return Trainee(
        source=job.source,
        model=model,
        processor=processor,
        family=family,
        peft_config=lora_config(lora, family, model) if lora and not adapted else None,
    )


def lora_config(lora: LoraSettings, family: Family, model: Any) -> Any:
    """PEFT's configuration; the adapter is named `default`, the only name that TRL knows.

    Raises:
        ConfigError: `target_modules` names no module, or one that takes no adapter.
    """
    from peft import LoraConfig

    targets = lora.target_modules
    if targets == "language":
        targets = family.language_targets()
    if targets != "all-linear":
        _check_targets(targets, dict(model.named_modules()))
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )


def _check_targets(targets: str | list[str], modules: Mapping[str, torch.nn.Module]) -> None:
    """PEFT's rule: a pattern for whole names, or the last parts of names."""
    given = f"training.lora.target_modules={targets!r}"
    try:
        chosen = {
            name: module
            for name, module in modules.items()
            if (
                re.fullmatch(targets, name)
                if isinstance(targets, str)
                else f".{name}".endswith(tuple(f".{target}" for target in targets))
            )
        }
    except re.error as error:
        raise ConfigError(
            given=given,
            why=f"it is not a valid regular expression ({error})",
            fix="write a pattern for whole names of modules, or a list of their last parts",
        ) from error
    wrong = [name for name, module in chosen.items() if not isinstance(module, _ADAPTABLE)]
    if chosen and not wrong:
        return
    linear = [name for name, module in modules.items() if isinstance(module, torch.nn.Linear)]
    last = sorted({name.rpartition(".")[2] for name in linear})
    raise ConfigError(
        given=given,
        why=f"it matches {few(wrong)}, which takes no adapter" if wrong else "it matches no module",
        fix=f"choose among {', '.join(last)}; whole names are such as {few(linear[:1])}",
    )


def inert_data(data: TrainingData, trainee: Trainee) -> TrainingData:
    """The data as the model may read it.

    Control tokens that somebody wrote into its prompts are broken up, and a system prompt that the
    chat template refuses is put elsewhere, as when the model plays.

    Raises:
        ConfigError: A prompt shows a picture, and the model sees none or is not trained on any.
    """
    control = control_tokens(trainee.processor)
    template = Template(trainee.processor, repr(str(trainee.source)))
    prompts = [prompt.inert(control) for prompt in data.prompts]
    shown = sum(bool(prompt.pictures) for prompt in prompts)
    if shown:
        trainee.family.check_shown(
            f"the model {str(trainee.source)!r} in a seat that is trained",
            f"{shown} of its {len(prompts)} prompts show a picture",
            trained=True,
        )
    fitted = [Prompt(template.fitted(prompt.conversation)) for prompt in prompts]
    return replace(data, prompts=fitted)


def batched(job: Job, data: TrainingData, settings: TrainingSettings) -> tuple[int, list[int]]:
    """Completions of a micro-batch, and the prompts' order in micro-batches of one modality."""
    with_image = [bool(prompt.pictures) for prompt in data.prompts]
    processes = job.share.size
    micro = settings.micro(any(with_image[index] for index in data.order), processes)
    # The processes read one stretch of the rows at a time, and see the same modality in it.
    size = micro * processes // settings.per_prompt
    return micro, same_modality_batches(data.order, with_image.__getitem__, size)


def trainer_arguments(job: Job, micro: int, scratch: Path) -> dict[str, Any]:
    """The arguments of any trainer of TRL, with so many completions in a micro-batch.

    Nothing that is kept is written into the scratch folder.
    """
    settings, device = job.training, pick_device(job.device)
    return {
        "output_dir": str(scratch),
        "seed": job.seed,
        "use_cpu": device == "cpu",
        "bf16": device == "cuda",
        "max_steps": settings.steps,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": _SCHEDULES[settings.schedule],
        "warmup_steps": settings.warmup,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": settings.batch // (micro * job.share.size),
        "max_grad_norm": settings.max_grad_norm,
        # TRL still sets the old name, which transformers only reads where the new one is missing.
        "gradient_checkpointing": None,
        "activation_checkpointing": settings.activation_checkpointing,
        # The order of the rows is the curriculum.
        "shuffle_dataset": False,
        "dataloader_pin_memory": device == "cuda",
        "logging_steps": 1,
        "logging_first_step": False,
        # The recorder stops at a loss that is not finite; the filter would hide it.
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "report_to": [],
        # Its checkpoints contain pickles; `Checkpoints` writes others.
        "save_strategy": "no",
    }


def run_trainer(
    job: Job,
    data: TrainingData,
    names: Mapping[str, str],
    build: Callable[[Path], Trainer],
) -> PhaseReport:
    """Run a trainer for one phase, silently, and leave a checkpoint in `job.out`.

    Args:
        job: Which phase it is, and where the weights go.
        data: Its reward has the episodes of the phase.
        names: The trainer's metrics that are kept -> what we call them; see `Recorder`.
        build: Makes the trainer, given a scratch folder.
    """
    started = time.perf_counter()
    if data.reward is not None:
        data.reward.share = job.share
    recorder = Recorder(job, names, data.reward)
    with quiet(), _own_randomness(), tempfile.TemporaryDirectory() as scratch:
        trainer = build(Path(scratch))
        name_layers(trainer)
        checkpoints = Checkpoints(job, trainer, recorder, data.reward)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(recorder)
        trainer.add_callback(checkpoints)
        try:
            trainer.train(resume_from_checkpoint=checkpoints.resume())
        finally:
            recorder.close()
            close_engine(trainer)
        _save(trainer, job)
        # The trainer's parts point at each other; a large model must not wait for the collector.
        trainer.accelerator.free_memory()
        seconds = checkpoints.before + time.perf_counter() - started
        del trainer, checkpoints
        gc.collect()
    summary = Summary(
        seat=job.seat,
        round=job.round,
        steps=job.training.steps,
        seconds=round(seconds, 3),
        metrics=summarise(recorder.lines),
    )
    return PhaseReport(summary=summary, episodes=tuple(recorder.successes))


def _save(trainer: Trainer, job: Job) -> None:
    """Weights as safetensors with the processor: what a folder needs to be loaded by anyone."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    whole = gathered(trainer)
    if job.share.main:
        weights = model.state_dict() if whole is None else whole
        check_weights(job, job.training.steps, weights.items())
        model.save_pretrained(job.out, state_dict=whole, safe_serialization=True)
        keep_settings(job.source, job.out)
        trainer.processing_class.save_pretrained(job.out)


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
