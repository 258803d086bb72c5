"""Fields of TRL's configurations that `training.grpo` and `training.sft` pass on.

An allow-list: how the optimizer and the loss compute, and how vLLM generates. What publishes,
writes, reaches a server or runs code is refused, with the reason, in every configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from sectow_agents.settings.base import Settings
from sectow_env.errors import ConfigError, did_you_mean
from sectow_env.reading import explained

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Weight = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(gt=0)]


class TrainerFields(Settings):
    """Of any trainer."""

    optim: Literal["adamw_torch", "adamw_torch_fused", "adafactor", "sgd"] | None = None
    adam_beta1: Decay | None = None
    adam_beta2: Decay | None = None
    adam_epsilon: Positive | None = None
    weight_decay: Weight | None = None
    neftune_noise_alpha: Weight | None = None
    average_tokens_across_devices: bool | None = None
    full_determinism: bool | None = None
    tf32: bool | None = None
    torch_empty_cache_steps: Count | None = None
    ddp_find_unused_parameters: bool | None = None
    ddp_timeout: Count | None = None


class GrpoFields(TrainerFields):
    """Of TRL's `GRPOConfig`."""

    num_iterations: Count | None = None
    delta: Positive | None = None
    epsilon_high: Positive | None = None
    importance_sampling_level: Literal["token", "sequence"] | None = None
    mask_truncated_completions: bool | None = None
    sync_ref_model: bool | None = None
    ref_model_mixup_alpha: Share | None = None
    ref_model_sync_steps: Count | None = None
    top_entropy_quantile: Share | None = None
    entropy_coef: float | None = None
    disable_dropout: bool | None = None
    cast_lm_head_to_fp32: bool | None = None
    router_aux_loss_coef: Weight | None = None
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    min_p: Share | None = None
    repetition_penalty: Positive | None = None
    use_vllm: bool | None = None
    vllm_mode: Literal["colocate", "server"] | None = None
    vllm_server_base_url: str | None = None
    vllm_server_host: str | None = None
    vllm_server_port: Annotated[int, Field(gt=0, lt=2**16)] | None = None
    vllm_server_timeout: Positive | None = None
    vllm_group_port: Annotated[int, Field(gt=0, lt=2**16)] | None = None
    vllm_gpu_memory_utilization: Share | None = None
    vllm_max_model_length: Count | None = None
    vllm_tensor_parallel_size: Count | None = None
    vllm_enable_sleep_mode: bool | None = None
    vllm_importance_sampling_correction: bool | None = None


class SftFields(TrainerFields):
    """Of TRL's `SFTConfig`."""

    loss_type: Literal["nll", "dft"] | None = None
    activation_offloading: bool | None = None
    router_aux_loss_coef: Weight | None = None


_PUBLISHING = (
    "it publishes, or reports to a server, what the run makes",
    "leave it out; publish a checkpoint yourself afterwards: hf upload OWNER/NAME FOLDER",
)
_WRITING = (
    "the run alone decides what is written, and where",
    "leave it out; run=FOLDER names the run folder",
)
_CODE = (
    "it loads a file or code, or shards the weights, which a launcher does for all of them",
    "leave it out; accelerate launch with configs/accelerate/fsdp2.yaml shards the weights",
)
_OURS = (
    "this field follows from other settings of the phase",
    "change batch, group, steps, loss and the like instead",
)
_TRACKING = (
    "trackers follow the whole run, not one phase",
    "write report_to=[tensorboard] instead, outside of the seats; trackio and wandb are the others",
)
REFUSED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("push_to_hub", "hub_", "trackio_", "project"), _PUBLISHING),
    **dict.fromkeys(("report_to",), _TRACKING),
    **dict.fromkeys(("run_name", "log_completions", "log_multimodal"), _PUBLISHING),
    **dict.fromkeys(("output_dir", "logging_", "save_", "log_", "load_best_model"), _WRITING),
    **dict.fromkeys(("resume_from", "restore_", "enable_jit"), _WRITING),
    **dict.fromkeys(("trust_remote_code", "model_init", "chat_template", "debug"), _CODE),
    **dict.fromkeys(("deepspeed", "fsdp", "torch_compile", "accelerator_config"), _CODE),
    **dict.fromkeys(("parallelism_config", "liger", "use_liger", "optim_", "ds3_"), _CODE),
    **dict.fromkeys(("max_steps", "num_train_epochs", "learning_rate", "lr_", "warmup_"), _OURS),
    **dict.fromkeys(("per_device_", "gradient_", "activation_checkpointing", "seed"), _OURS),
    **dict.fromkeys(("data_seed", "max_grad_norm", "bf16", "fp16", "use_cpu"), _OURS),
    **dict.fromkeys(("num_generations", "max_completion_length", "temperature"), _OURS),
    **dict.fromkeys(("loss_type", "scale_rewards", "beta", "epsilon", "generation_"), _OURS),
    **dict.fromkeys(("steps_per_generation", "shuffle_", "train_sampling", "max_length"), _OURS),
    **dict.fromkeys(("completion_only", "remove_unused", "dataloader_", "eval_", "do_"), _OURS),
}
"""Beginnings of names, with the reason and what to do."""


def checked_fields(
    key: str, model: type[TrainerFields], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The given fields, each on the list and with a value that it can have.

    Raises:
        ConfigError: A field is not on the list, or its value cannot be.
    """
    known = model.model_fields
    for name in given:
        if name in known:
            continue
        begins = next((begin for begin in REFUSED if name.startswith(begin)), None)
        if begins is not None:
            raise ConfigError(f"training.{key}.{name}", *REFUSED[begins])
        raise ConfigError(
            given=f"training.{key}.{name}",
            why="there is no such field of TRL, or it is not among those that are passed on",
            fix=f"{did_you_mean(name, known)}known here: {', '.join(known)}",
        )
    try:
        return model.model_validate(dict(given)).model_dump(exclude_unset=True, exclude_none=True)
    except ValidationError as error:
        raise ConfigError(
            given=f"training.{key}", why=explained(error), fix="change it, or leave it out"
        ) from error


def check_vllm(seat: str, fields: Mapping[str, Any]) -> None:
    """Raises ConfigError where vLLM is set to generate and is not installed."""
    if fields.get("use_vllm") and find_spec("vllm") is None:
        raise ConfigError(
            given=f"{seat}.training.grpo.use_vllm=true",
            why="vLLM is not installed",
            fix="run: pip install vllm; or leave use_vllm out",
        )
