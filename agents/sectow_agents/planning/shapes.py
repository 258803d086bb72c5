"""The size of a model from its configuration alone: built without memory, on the meta device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sectow_agents.settings.adapters import adapter_base
from sectow_agents.settings.training import LoraSettings


@dataclass(frozen=True)
class Shape:
    """What memory and time depend on.

    Attributes:
        source: Folder or hub id.
        origin: Where its configuration was read.
        parameters: All of them.
        vision_parameters: Those of the part that sees pictures; 0 for a text model.
        layers: Of the language model.
        vision_layers: Of the part that sees pictures.
        hidden: Width of the language model.
        intermediate: Width of its feed-forward layers.
        key_values: Numbers that one token keeps in the cache of one layer.
        vocabulary: Tokens that it can choose from.
    """

    source: str
    origin: str
    parameters: int
    vision_parameters: int
    layers: int
    vision_layers: int
    hidden: int
    intermediate: int
    key_values: int
    vocabulary: int


def configuration(source: str | Path) -> tuple[Any, str]:
    """The configuration of a model, and where it was read; no weights are touched.

    Raises:
        ConfigError: It is neither a folder nor known here, and the hub does not give it.
    """
    from transformers import AutoConfig

    from sectow_agents.models.hub import lookup, unloadable
    from sectow_agents.models.quiet import quiet

    source = adapter_base(Path(source)) or source if Path(source).is_dir() else source
    known = _known().get(str(source))
    if known is not None:
        fields = dict(known)
        return AutoConfig.for_model(fields.pop("model_type"), **fields), "published facts"
    try:
        with quiet():
            config = AutoConfig.from_pretrained(str(source), **lookup(source))
    # Libraries raise anything on what others wrote into a folder.
    except Exception as error:
        raise unloadable("model", source, error) from error
    return config, "its folder" if Path(source).is_dir() else "the hub"


def is_known(source: str | Path) -> bool:
    """Whether the configuration of a model of the hub comes with the package."""
    return str(source) in _known()


@cache
def _known() -> dict[str, dict[str, Any]]:
    import yaml

    text = files("sectow_agents.planning").joinpath("known_models.yaml").read_text("utf-8")
    return dict(yaml.safe_load(text))


def on_meta(config: Any) -> Any:
    """The model of a configuration, without any memory for its weights."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    from sectow_agents.models.families import family_of
    from sectow_agents.models.quiet import quiet

    kind = AutoModelForImageTextToText if family_of(config).sees_images else AutoModelForCausalLM
    with quiet(), torch.device("meta"):
        return kind.from_config(config, trust_remote_code=False)


@lru_cache(maxsize=16)
def shape_of(source: str | Path) -> Shape:
    """The size of a model, which is built once.

    Raises:
        ConfigError: Its configuration cannot be read.
    """
    from sectow_agents.models.families import family_of

    config, origin = configuration(source)
    model = on_meta(config)
    family, text = family_of(config), config.get_text_config()
    vision = family.vision_module(model) if family.sees_images else None
    heads = text.num_attention_heads
    head = getattr(text, "head_dim", None) or text.hidden_size // heads
    seen = getattr(config, "vision_config", None)
    return Shape(
        source=str(source),
        origin=origin,
        parameters=sum(weight.numel() for weight in model.parameters()),
        vision_parameters=sum(weight.numel() for weight in vision.parameters()) if vision else 0,
        layers=int(text.num_hidden_layers),
        vision_layers=int(getattr(seen, "num_hidden_layers", 0) or getattr(seen, "depth", 0)),
        hidden=int(text.hidden_size),
        intermediate=int(text.intermediate_size),
        key_values=2 * int(getattr(text, "num_key_value_heads", None) or heads) * int(head),
        vocabulary=int(text.vocab_size),
    )


def adapter_parameters(source: str | Path, lora: LoraSettings) -> int:
    """Trainable parameters of a new adapter.

    Raises:
        ConfigError: Its `target_modules` fit no module of the model.
    """
    from peft import get_peft_model

    from sectow_agents.algorithms.common import lora_config
    from sectow_agents.models.families import family_of
    from sectow_agents.models.quiet import quiet

    config, _ = configuration(source)
    model = on_meta(config)
    with quiet():
        adapted = get_peft_model(model, lora_config(lora, family_of(config), model))
    return sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad)
