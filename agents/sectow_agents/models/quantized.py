"""Base models in 4 bits: a quarter of the memory, for adapters alone."""

from __future__ import annotations

from typing import Any

import torch

from sectow_env.errors import MissingExtraError
from sectow_env.registry.extras import missing


def packing(dtype: str, device: str) -> dict[str, Any]:
    """What transformers' loaders take to pack a model's weights.

    Raises:
        MissingExtraError: bitsandbytes is not installed.
    """
    if missing("quantized"):
        raise MissingExtraError("quantization=4bit", "bitsandbytes", "quantized")
    from transformers import BitsAndBytesConfig

    return {
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, dtype),
        ),
        "device_map": {"": device},
    }
