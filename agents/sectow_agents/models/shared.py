"""Base models in memory: each once, whoever has an adapter on it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import torch

from sectow_agents.settings.run_config import GENERATION, GenerationSettings, Quantization


@dataclass(frozen=True)
class InMemory:
    """How a base model is kept in memory, and computes there.

    Attributes:
        shared: Its weights may be those of another model; never where they will change.
        quantization: `4bit` packs them; see `RunConfig`.
        generation: How answers are computed.
    """

    shared: bool = False
    quantization: Quantization | None = None
    generation: GenerationSettings = GENERATION


ITS_OWN = InMemory()


class BaseKey(NamedTuple):
    """What makes two base models the same."""

    source: str
    revision: str | None
    device: str
    dtype: str
    quantization: str | None
    files: tuple[tuple[str, int, int], ...]
    """Name, size and time of each file of a folder: another model may be written into it."""


class _Base:
    """A model in memory for as long as something refers to it."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.copies: dict[int, torch.Tensor] = {}
        """Of weights that adapters are merged into; see `models.merging`."""


_BASES: WeakValueDictionary[BaseKey, _Base] = WeakValueDictionary()


def base_key(
    source: str | Path, revision: str | None, device: str, dtype: str, quantization: str | None
) -> BaseKey:
    """The key of a base model."""
    folder = Path(source)
    files: list[tuple[str, int, int]] = []
    if folder.is_dir():
        source = folder.resolve()
        stats = ((file.name, file.stat()) for file in sorted(folder.iterdir()) if file.is_file())
        files = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return BaseKey(str(source), revision, device, dtype, quantization, tuple(files))


def shared_base(key: BaseKey, load: Callable[[], Any]) -> Any:
    """A model of one's own whose weights are those of all others with this key.

    Its modules are its own: an adapter, a hook or a mode that one of them gets, the others do not
    have. Its weights must stay as they are, or be as they were before another one computes.
    """
    base = _BASES.get(key)
    if base is None:
        base = _BASES[key] = _Base(load())
    model = base.model
    tensors = {id(tensor): tensor for tensor in chain(model.parameters(), model.buffers())}
    twin = copy.deepcopy(model, tensors)
    # The base is dropped with the last of them.
    twin.shared_base = base
    return twin
