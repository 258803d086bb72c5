"""From weights, in a folder or on the Hugging Face hub, to a model with its processor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from sectow_agents.models.quiet import quiet
from sectow_agents.settings.run_config import Device, Dtype
from sectow_env.errors import ConfigError, SectowError

ADAPTER = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def load_model(
    source: str | Path,
    *,
    device: Device = "auto",
    dtype: Dtype = "auto",
    trainable: bool = False,
    full: bool = False,
) -> tuple[Any, Any]:
    """Load a model and its processor; safetensors only, no code from the source.

    Args:
        source: A folder or a hub id; a folder may hold a PEFT adapter, whose own configuration
            names the base model.
        device: `auto` takes CUDA where there is one.
        dtype: `auto` takes float32 on the CPU and for `full`, else bfloat16.
        trainable: Load an adapter so that it can be trained on.
        full: All weights will be trained.

    Raises:
        ConfigError: There is no such model, or it cannot be loaded.
    """
    place = pick_device(device)
    kind = pick_dtype(dtype, place, full)
    with quiet():
        try:
            return _load(source, place, kind, trainable)
        except (OSError, ValueError, KeyError) as error:
            if isinstance(error, SectowError):
                raise
            raise ConfigError(
                given=f"the model {str(source)!r}",
                why=f"it cannot be loaded ({_one_line(error)})",
                fix="give a registered policy, a folder written by save_pretrained with its "
                "processor and safetensors weights, or the id of an image-text-to-text model",
            ) from error


def _load(source: str | Path, device: str, dtype: str, trainable: bool) -> tuple[Any, Any]:
    base = _base_of(source)
    processor = AutoProcessor.from_pretrained(source, trust_remote_code=False, padding_side="left")
    # The keyword reaches some processors only.
    processor.tokenizer.padding_side = "left"
    if getattr(processor, "chat_template", None) is None:
        raise ConfigError(
            given=f"the model {str(source)!r}",
            why="its processor has no chat template",
            fix="use an instruction-tuned model, or add chat_template.jinja to its folder",
        )
    model = AutoModelForImageTextToText.from_pretrained(
        base, trust_remote_code=False, use_safetensors=True, dtype=getattr(torch, dtype)
    )
    if base != source:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(source), is_trainable=trainable)
    return model.to(device), processor


def _base_of(source: str | Path) -> str | Path:
    """The source itself, or the base model that its adapter was made for."""
    folder = Path(source)
    if not (folder / ADAPTER).is_file():
        return source
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise ConfigError(
            given=f"the adapter {str(source)!r}",
            why=f"it has no {ADAPTER_WEIGHTS}, and other formats may run code when they are read",
            fix="save it again with PEFT's save_pretrained",
        )
    settings = json.loads((folder / ADAPTER).read_text(encoding="utf-8"))
    return str(settings["base_model_name_or_path"])


def pick_device(device: Device) -> str:
    """The device that `auto` stands for.

    Raises:
        ConfigError: CUDA is asked for and there is none.
    """
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise ConfigError(
            given="device=cuda",
            why="torch sees no CUDA device",
            fix="set device=auto or device=cpu, or install a CUDA build of torch",
        )
    return "cuda" if there and device != "cpu" else "cpu"


def pick_dtype(dtype: Dtype, device: str, full: bool) -> str:
    """The type of the weights that `auto` stands for."""
    if dtype != "auto":
        return dtype
    return "float32" if device == "cpu" or full else "bfloat16"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
