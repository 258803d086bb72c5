"""Keys and values while answers are written: a static cache lets decoding be compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from transformers import GenerationConfig

from sectow_agents.settings.run_config import GenerationSettings

T = TypeVar("T")
_ROWS = 16
_TOKENS = 64


class Cache:
    """Which cache a model writes its answers with."""

    def __init__(self, model: Any, settings: GenerationSettings) -> None:
        self._settings = settings
        on_gpu = model.device.type == "cuda"
        base = model.get_base_model() if hasattr(model, "peft_config") else model
        able = bool(getattr(base, "_can_compile_fullgraph", False))
        self._compiled = settings.compiled and on_gpu
        self._tried = settings.cache == "auto" and on_gpu and able
        self.static = settings.cache == "static" or self._tried

    def filled(self, prompts: Sequence[T]) -> Sequence[T]:
        """Prompts in a number that comes again: each number is compiled by itself."""
        if not (self.static and self._compiled):
            return prompts
        return [*prompts, *[prompts[-1]] * (-len(prompts) % _ROWS)]

    @property
    def padding(self) -> dict[str, int]:
        """What a processor takes so that lengths come again, too."""
        return {"pad_to_multiple_of": _TOKENS} if self.static and self._compiled else {}

    def generate(self, model: Any, *, generation_config: GenerationConfig, **given: Any) -> Any:
        """What the model writes, prompts included."""
        if self.static:
            generation_config.cache_implementation = "static"
            generation_config.disable_compile = not self._compiled
            try:
                return model.generate(generation_config=generation_config, **given)
            except torch.OutOfMemoryError:
                raise
            # A compiler raises anything; what is wrong with the call itself comes again below.
            except Exception:
                if not self._tried:
                    raise
            self.static = False
            generation_config.cache_implementation = None
        return model.generate(generation_config=generation_config, **given)
