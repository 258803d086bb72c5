"""GRPO: completions of one prompt are compared by their rewards. TRL's `GRPOTrainer`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trl import GRPOConfig, GRPOTrainer

from sectow_agents.algorithms.common import (
    batched,
    inert_data,
    load_trainee,
    run_trainer,
    trainer_arguments,
)
from sectow_agents.algorithms.dataset import build_dataset
from sectow_agents.algorithms.job import Job, PhaseReport, TrainingData
from sectow_agents.algorithms.rollout import Rollout
from sectow_agents.algorithms.sharding import in_parts
from sectow_agents.models.generator import suppressed_tokens
from sectow_agents.settings.training import GrpoSettings
from sectow_env.errors import ConfigError

METRICS = {
    "reward": "reward",
    "reward_std": "reward_std",
    "frac_reward_zero_std": "frac_reward_zero_std",
    "entropy": "entropy",
    "loss": "loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "kl": "kl",
    "completions/mean_length": "completion_length",
    "completions/clipped_ratio": "clipped",
}
"""Metrics of TRL that we keep, and what we call them."""


def train(job: Job, data: TrainingData, settings: GrpoSettings) -> PhaseReport:
    """Train the seat's policy by GRPO and save it.

    Raises:
        ConfigError: A setting cannot work, or there is no reward.
    """
    return run_trainer(job, data, METRICS, lambda scratch: _build(job, data, settings, scratch))


def _build(job: Job, data: TrainingData, settings: GrpoSettings, scratch: Path) -> GRPOTrainer:
    if data.reward is None:
        raise ConfigError(
            given=f"{job.seat}.training.algorithm=grpo",
            why="this phase has no reward to learn from",
            fix="choose an algorithm that learns from targets, such as sft",
        )
    trainee = load_trainee(job, settings)
    inert = inert_data(data, trainee)
    if parts := in_parts():
        micro, order = batched(job, inert, settings)
    else:
        shown = any(inert.prompts[index].pictures for index in inert.order)
        micro, order = settings.micro(shown, job.share.size), list(inert.order)
    arguments = trainer_arguments(job, micro, scratch)
    suppressed = suppressed_tokens(trainee.model, trainee.processor)
    return GRPOTrainer(
        model=trainee.model,
        reward_funcs=[data.reward],
        args=grpo_config(settings, arguments, suppressed, in_parts=parts),
        train_dataset=build_dataset(inert.prompts, order, pictures=trainee.family.sees_images),
        processing_class=trainee.processing,
        peft_config=trainee.peft_config,
        rollout_func=Rollout(job, settings, trainee.processor),
    )


def grpo_config(
    settings: GrpoSettings,
    arguments: dict[str, Any],
    suppressed: Sequence[int],
    *,
    in_parts: bool = False,
) -> GRPOConfig:
    """The trainer's configuration.

    Args:
        settings: Ours.
        arguments: Those of any trainer.
        suppressed: Token ids that must not be generated.
        in_parts: Each process has a part of the weights only; see `in_parts`.
    """
    ours: dict[str, Any] = {
        **arguments,
        # TRL shuffles what is generated together, and would mix texts and pictures again.
        **({"steps_per_generation": 1} if in_parts else {}),
        "num_generations": settings.group,
        "max_completion_length": settings.max_new_tokens,
        "temperature": settings.temperature,
        "loss_type": settings.loss,
        "scale_rewards": settings.scale_rewards,
        "beta": settings.kl,
        "epsilon": settings.clip,
        "generation_kwargs": _forbid(suppressed, bool(settings.grpo.get("use_vllm"))),
        "log_completions": False,
        # It gathers pictures from all processes, and waits forever where one of them has none.
        "log_multimodal": False,
    }
    return GRPOConfig(**ours, **settings.grpo)


def _forbid(tokens: Sequence[int], vllm: bool) -> dict[str, Any]:
    """What the back end must not generate; it replaces what TRL would set by itself."""
    if vllm:
        # vLLM has no list for it; this bias is the strongest that it takes.
        return {"logit_bias": dict.fromkeys(tokens, -100.0)}
    # Drawing from logits that are not finite would end the process on a GPU; as it is, the loss of
    # the same step is not finite either, and stops the phase with a message.
    return {"suppress_tokens": list(tokens), "remove_invalid_values": True}
