"""Settings of one training phase: what every algorithm has, and what ours add.

An algorithm is registered in the entry-point group `sectow.algorithms` as a function
`train(job, data, settings)`. The annotation of `settings` is its model of settings: a subclass of
`TrainingSettings`, which `training:` in a configuration is checked against.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator, model_validator

from sectow_agents.settings.base import Settings
from sectow_agents.settings.trl_fields import GrpoFields, SftFields, checked_fields
from sectow_env.errors import ConfigError
from sectow_env.registry.entry_points import Registry

ALGORITHMS: Registry[object] = Registry("sectow.algorithms")
DEFAULT = "grpo"


class LoraSettings(Settings):
    """A low-rank adapter instead of full fine-tuning."""

    rank: int = Field(default=16, gt=0)
    alpha: int = Field(default=32, gt=0)
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    target_modules: str | list[str] = "all-linear"
    """Modules that get an adapter, as PEFT names them; `language` takes the language model's linear
    layers. Never the language-model head."""


class TrainingSettings(Settings):
    """One phase of a seat, whatever the algorithm."""

    algorithm: str = DEFAULT
    """A registered algorithm."""
    steps: int = Field(default=60, gt=0)
    """Optimizer steps."""
    learning_rate: float = Field(default=1e-6, gt=0.0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: int = Field(default=0, ge=0)
    """Optimizer steps over which the learning rate rises."""
    batch: int = Field(default=128, gt=0)
    """Completions per optimizer step, over all processes."""
    micro_batch: int | None = Field(default=None, gt=0)
    """Completions that pass through the model at once in one process; default: `batch`, or half of
    it for a seat that trains on images, divided among the processes."""
    max_new_tokens: int = Field(default=256, gt=0)
    """Longest completion, in training and in play."""
    temperature: float = Field(default=1.0, gt=0.0)
    """Of sampled completions, in training and in play."""
    max_grad_norm: float = Field(default=1.0, gt=0.0)
    train_vision: bool = True
    """False freezes the vision encoder; without effect on an adapter, which names its modules."""
    activation_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, more time."""
    lora: LoraSettings | None = None
    """None trains all weights."""

    @property
    def per_prompt(self) -> int:
        """Completions of one prompt."""
        return 1

    @property
    def prompts(self) -> int:
        """Prompts of a whole phase."""
        return self.steps * self.batch // self.per_prompt

    @model_validator(mode="after")
    def _whole_prompts(self) -> TrainingSettings:
        micro, group = self.micro_batch or self.batch, self.per_prompt
        if self.batch % group or self.batch % micro:
            raise ValueError(
                f"batch {self.batch}, micro_batch {micro} and group {group} do not fit: "
                "batch must consist of whole groups, and of whole micro-batches"
            )
        return self

    def micro(self, images: bool, processes: int = 1) -> int:
        """Completions that pass through the model at once in one process.

        Args:
            images: Whether some prompts have an image.
            processes: How many share the batch.

        Raises:
            ConfigError: The processes cannot share the batch evenly.
        """
        halves = images and self.batch % (2 * self.per_prompt * processes) == 0
        micro = self.micro_batch or self.batch // (processes * (2 if halves else 1))
        if micro == 0 or self.batch % (micro * processes):
            raise ConfigError(
                given=f"training.batch={self.batch}, training.micro_batch={self.micro_batch} on "
                f"{processes} processes",
                why=f"each would get {micro} of {self.batch} completions at once, which does not "
                "divide the batch evenly",
                fix="make batch a multiple of micro_batch times the processes",
            )
        return micro


class GrpoSettings(TrainingSettings):
    """GRPO: completions of one prompt are compared by their rewards."""

    algorithm: Literal["grpo"] = "grpo"
    group: int = Field(default=8, ge=2)
    """Completions of one prompt: they share a baseline."""
    loss: Literal["grpo", "dr_grpo", "dapo", "bnpo", "cispo"] = "dapo"
    scale_rewards: Literal["group", "batch", "none"] = "group"
    """What an advantage is divided by: the standard deviation of its group, of the batch, or 1."""
    kl: float = Field(default=0.0, ge=0.0)
    """Weight of the divergence from the policy at the phase's start; 0 needs no second model."""
    clip: float = Field(default=0.2, gt=0.0)
    grpo: dict[str, Any] = Field(default_factory=dict)
    """Further fields of TRL's `GRPOConfig`, for example `use_vllm: true`; see `GrpoFields`."""

    @field_validator("grpo")
    @classmethod
    def _passed_on(cls, given: dict[str, Any]) -> dict[str, Any]:
        return checked_fields("grpo", GrpoFields, given)

    @property
    def per_prompt(self) -> int:
        """The group."""
        return self.group


class SftSettings(TrainingSettings):
    """Supervised fine-tuning on target responses."""

    algorithm: Literal["sft"] = "sft"
    sft: dict[str, Any] = Field(default_factory=dict)
    """Further fields of TRL's `SFTConfig`, for example `loss_type: dft`; see `SftFields`."""

    @field_validator("sft")
    @classmethod
    def _passed_on(cls, given: dict[str, Any]) -> dict[str, Any]:
        return checked_fields("sft", SftFields, given)


# Known without an import of their modules, which load torch.
_OURS: Mapping[str, type[TrainingSettings]] = {"grpo": GrpoSettings, "sft": SftSettings}


def training_model(algorithm: str) -> type[TrainingSettings]:
    """The model of an algorithm's settings.

    Args:
        algorithm: A registered name; an import path is refused.

    Raises:
        UnknownNameError: No algorithm has this name.
        ConfigError: Its `train` does not annotate `settings` with a model of settings.
    """
    if algorithm in _OURS:
        return _OURS[algorithm]
    train = ALGORITHMS.get(algorithm)
    try:
        model = get_type_hints(train).get("settings")
    except NameError as error:
        model = error
    if isinstance(model, type) and issubclass(model, TrainingSettings):
        return model
    raise ConfigError(
        given=f"the algorithm {algorithm!r}",
        why=f"the annotation of `settings` in its function is {model!r}",
        fix="annotate it with a subclass of TrainingSettings that can be imported at run time",
    )


def model_for(given: object) -> type[TrainingSettings]:
    """The model of given settings, by the algorithm that they name."""
    name = given.get("algorithm", DEFAULT) if isinstance(given, Mapping) else DEFAULT
    return training_model(name) if isinstance(name, str) else TrainingSettings


def _of_its_algorithm(given: object) -> object:
    return model_for(given).model_validate(given) if isinstance(given, Mapping) else given


Training = Annotated[SerializeAsAny[TrainingSettings], BeforeValidator(_of_its_algorithm)]
"""Settings of any algorithm; the key `algorithm` selects it."""
