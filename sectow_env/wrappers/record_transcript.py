"""Write every episode that ends to a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import gymnasium as gym

from sectow_env.game import Episode
from sectow_env.wrappers.base import SectowWrapper

REDACTED = "[redacted]"


class RecordTranscript(SectowWrapper):
    """Appends one JSON line an episode: scenario, attacks, responses, verdicts, price.

    By default texts that may be harmful are left out: behavior, query, what is drawn and the
    response become `[redacted]`, pictures their digest; ids, labels, verdicts and prices stay.

    Args:
        env: A `SectowEnv`, wrapped or not.
        path: A `.jsonl` file; it is made if need be, and appended to.
        redact: False keeps the texts and pictures, for your own eyes.
    """

    def __init__(self, env: gym.Env[Any, Any], path: str | Path, redact: bool = True) -> None:
        super().__init__(env, path=str(path), redact=redact)
        self.path = Path(path)
        self.redact = redact
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.base.arena.listeners.append(self._write)

    def close(self) -> None:
        """Stop listening."""
        if self._write in self.base.arena.listeners:
            self.base.arena.listeners.remove(self._write)
        super().close()

    def _write(self, episode: Episode) -> None:
        told = episode.model_dump(mode="json")
        line = json.dumps(_redacted(told) if self.redact else told, ensure_ascii=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())


_TEXTS = {
    *("behavior", "query", "drawn", "response", "reference", "source", "system"),
    *("explanation", "raw", "meta"),
}


def _redacted(told: Any) -> Any:
    if isinstance(told, list):
        return [_redacted(one) for one in told]
    if not isinstance(told, dict):
        return told
    return {key: _hidden(key, value) for key, value in told.items()}


def _hidden(key: str, value: Any) -> Any:
    if value in (None, [], {}):
        return value
    return REDACTED if key in _TEXTS or key == "image" else _redacted(value)
