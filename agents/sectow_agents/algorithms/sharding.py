"""Weights in parts: what FSDP and DeepSpeed need of a phase; `accelerate launch` sets them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from accelerate.utils import parse_flag_from_env
from transformers import Trainer


def in_parts() -> bool:
    """Whether the launcher gives each process a part of the weights.

    Then all must compute the same layers at the same time, so none may be the only one with a
    picture.
    """
    flags = ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED")
    return any(parse_flag_from_env(flag) for flag in flags)


def name_layers(trainer: Trainer) -> None:
    """Tell FSDP which modules are gathered at a time: the layers that the model has.

    Families also list classes that only some of their models contain, at which accelerate stops.
    """
    plugin = getattr(trainer.accelerator.state, "fsdp_plugin", None)
    if plugin is None or plugin.transformer_cls_names_to_wrap is not None:
        return
    present = {type(module).__name__ for module in trainer.model.modules()}
    named = getattr(trainer.model, "_no_split_modules", None) or ()
    plugin.transformer_cls_names_to_wrap = sorted(present & set(named))


def gathered(trainer: Trainer) -> Mapping[str, torch.Tensor] | None:
    """All weights of a model that is in parts, in the main process; None where each has them all.

    Every process calls it, and gives its part.
    """
    if not (trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled):
        return None
    weights: dict[str, Any] = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    return weights
