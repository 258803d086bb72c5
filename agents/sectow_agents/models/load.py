"""From weights, in a folder or on the Hugging Face hub, to a model with its processor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
)

from sectow_agents.models.families import Family, family_of
from sectow_agents.models.generation_config import token_ids
from sectow_agents.models.hub import lookup, unloadable
from sectow_agents.models.intact import check_config, check_files, check_finite, check_loaded
from sectow_agents.models.quantized import packing
from sectow_agents.models.quiet import quiet
from sectow_agents.models.shared import ITS_OWN, InMemory, base_key, shared_base
from sectow_agents.models.template import Template
from sectow_agents.models.text_processor import TextProcessor
from sectow_agents.settings.adapters import ADAPTER, adapter_base
from sectow_agents.settings.run_config import Dtype, Place
from sectow_env.errors import ConfigError, SectowError
from sectow_env.resolve.policies import check_weights_path

ADAPTER_WEIGHTS = "adapter_model.safetensors"


def load_model(
    source: str | Path,
    *,
    revision: str | None = None,
    device: Place = "auto",
    dtype: Dtype = "auto",
    trainable: bool = False,
    full: bool = False,
    template: bool = True,
    memory: InMemory = ITS_OWN,
) -> tuple[Any, Any]:
    """Load a model and its processor; safetensors only, no code from the source.

    A text model comes with a `TextProcessor`.

    Args:
        source: A folder or a hub id; a folder may contain a PEFT adapter, whose own configuration
            names the base model.
        revision: Branch, tag or commit of a hub id.
        device: `auto` takes CUDA where it is available.
        dtype: `auto` takes float32 on the CPU and for `full`, else bfloat16.
        trainable: Load an adapter so that its training can continue.
        full: All weights will be trained.
        template: A chat template is required.
        memory: How the base model is kept.

    Raises:
        ConfigError: The model does not exist, or cannot be loaded.
    """
    place = pick_device(device)
    kind = pick_dtype(dtype, place, full)
    base = _Loading(place, kind, revision, memory)
    with quiet():
        try:
            model, processor = _load(source, base, trainable)
        except SectowError:
            raise
        # Libraries raise anything on what others wrote into a folder.
        except Exception as error:
            raise unloadable("model", source, error) from error
        if template:
            _check_template(source, model, processor)
    return model, processor


@dataclass(frozen=True)
class _Loading:
    """How base models are loaded."""

    device: str
    dtype: str
    revision: str | None
    memory: InMemory

    def model(self, source: str | Path, config: Any) -> Any:
        """The base model: its own, or one that shares its weights."""
        if not self.memory.shared:
            return self._load(source, config)
        key = base_key(source, self.revision, self.device, self.dtype, self.memory.quantization)
        return shared_base(key, lambda: self._load(source, config))

    def _load(self, source: str | Path, config: Any) -> Any:
        sees_images = family_of(config).sees_images
        models = AutoModelForImageTextToText if sees_images else AutoModelForCausalLM
        packed = {} if self.memory.quantization is None else packing(self.dtype, self.device)
        model, info = models.from_pretrained(
            source,
            use_safetensors=True,
            dtype=getattr(torch, self.dtype),
            generation_config=token_ids(source, config, self.revision),
            # So that tensors of another shape are in the report.
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **lookup(source, self.revision),
            **packed,
        )
        check_loaded(source, info)
        # Packed weights are already there.
        model = model if packed else model.to(self.device)
        check_finite(f"the model {str(source)!r}", model)
        return model


def check_source(source: str | Path, revision: str | None = None) -> Family:
    """Look at a model's files, its configuration and what its family needs; load no weights.

    Returns:
        Its family.

    Raises:
        ConfigError: As `load_model`, as far as that can be seen.
    """
    with quiet():
        try:
            return _looked_at(source, revision)[2]
        except SectowError:
            raise
        except Exception as error:
            raise unloadable("model", source, error) from error


def _looked_at(source: str | Path, revision: str | None) -> tuple[str | Path, Any, Family]:
    """Where the weights are, their configuration and their family."""
    check_weights_path(str(source))
    base = _base_of(source)
    check_weights_path(str(base))
    check_files(Path(base))
    config = AutoConfig.from_pretrained(base, **lookup(base, revision))
    check_config(base, config)
    family = family_of(config)
    family.check()
    return base, config, family


def _load(source: str | Path, loading: _Loading, trainable: bool) -> tuple[Any, Any]:
    base, config, family = _looked_at(source, loading.revision)
    processors = AutoProcessor if family.sees_images else AutoTokenizer
    where = lookup(source, loading.revision)
    processor = processors.from_pretrained(source, padding_side="left", **where)
    if family.sees_images:
        # The keyword reaches some processors only.
        processor.tokenizer.padding_side = "left"
    else:
        processor = TextProcessor(processor)
    model = loading.model(base, config)
    if base != source:
        model = _adapted(model, str(source), trainable)
    return model, processor


def _adapted(model: Any, source: str, trainable: bool) -> Any:
    from peft import PeftModel, get_peft_model_state_dict

    adapted = PeftModel.from_pretrained(model, source, is_trainable=trainable)
    # The first time, it reports only some of what does not fit.
    report = adapted.load_adapter(source, "default", is_trainable=trainable)
    check_loaded(source, report._asdict())
    adapted = adapted.to(model.device)
    check_finite(f"the model {source!r}", adapted, get_peft_model_state_dict(adapted))
    return adapted


def _check_template(source: str | Path, model: Any, processor: Any) -> None:
    if getattr(processor, "chat_template", None) is None:
        raise ConfigError(
            given=f"the model {str(source)!r}",
            why="its processor has no chat template",
            fix="use an instruction-tuned model, or add chat_template.jinja to its folder",
        )
    Template(processor, repr(str(source))).check(pictures=family_of(model.config).sees_images)


def _base_of(source: str | Path) -> str | Path:
    """The source itself, or the base model that its adapter was made for."""
    folder = Path(source)
    if not (folder / ADAPTER).exists():
        return source
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise ConfigError(
            given=f"the adapter {str(source)!r}",
            why=f"it has no {ADAPTER_WEIGHTS}, and other formats may run code when they are read",
            fix="save it again with PEFT's save_pretrained",
        )
    check_files(folder, ADAPTER_WEIGHTS)
    return adapter_base(folder) or source


def pick_device(device: Place) -> str:
    """The device that `auto` stands for.

    Raises:
        ConfigError: CUDA is requested and not available, or has no device of that number.
    """
    available = torch.cuda.is_available()
    kind, _, index = device.partition(":")
    if kind == "cuda" and not available:
        raise ConfigError(
            given=f"device={device}",
            why="torch sees no CUDA device",
            fix="set device=auto or device=cpu, or install a CUDA build of torch",
        )
    if index and int(index) >= torch.cuda.device_count():
        raise ConfigError(
            given=f"device={device}",
            why=f"torch sees {torch.cuda.device_count()} CUDA devices, the first one is cuda:0",
            fix="name one of them, or device=cuda",
        )
    return device if device != "auto" else "cuda" if available else "cpu"


def pick_dtype(dtype: Dtype, device: str, full: bool) -> str:
    """The type of the weights that `auto` stands for."""
    if dtype != "auto":
        return dtype
    return "float32" if device == "cpu" or full else "bfloat16"
