"""The frozen policies of a run that are in memory."""

from __future__ import annotations

from pathlib import Path

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.shared import InMemory
from sectow_agents.settings.run_config import RunConfig


class FrozenModels:
    """Loads each model once; adapters on one base share its weights.

    Args:
        config: Where models are, and in which form.
    """

    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self._loaded: dict[str, LocalModel] = {}

    def __getitem__(self, source: str | Path) -> LocalModel:
        key, config = str(source), self._config
        if key not in self._loaded:
            self._loaded[key] = LocalModel(
                source,
                batch_size=config.batch_size,
                device=config.device,
                dtype=config.dtype,
                memory=InMemory(True, config.quantization, config.generation),
            )
        return self._loaded[key]

    def clear(self) -> None:
        """Drop all of them."""
        self._loaded.clear()
