"""Write every finished episode to a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym

from sectow_env.errors import ConfigError
from sectow_env.game import Episode
from sectow_env.game.picture import Picture
from sectow_env.wrappers.base import SectowWrapper

REDACTED = "[redacted]"
HIDDEN = frozenset(
    {
        *("behavior", "query", "drawn", "response", "reference", "source", "system"),
        *("explanation", "raw", "meta"),
    }
)
"""Fields whose text may be harmful."""


class Transcript:
    """Appends one JSON line per episode: scenario, attacks, responses, verdicts, price.

    By default texts that may be harmful are left out: behavior, query, what is drawn and the
    response become `[redacted]`, pictures their digest; ids, labels, verdicts and prices stay.

    Append it to the `arena.listeners` of an environment, or use `RecordTranscript`.

    Args:
        path: A `.jsonl` file, which is created or appended to.
        redact: False keeps the texts and pictures.

    Raises:
        ConfigError: The file cannot be written.
    """

    def __init__(self, path: str | Path, redact: bool = True) -> None:
        self.path = Path(path)
        self.redact = redact
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.open("a", encoding="utf-8").close()
        except OSError as error:
            raise ConfigError(
                given=f"the transcript {path}",
                why=f"it cannot be written ({error.strerror})",
                fix="give a file in a folder that you may write to",
            ) from error

    def __call__(self, episode: Episode) -> None:
        """Write an episode, flushed to the disk before the next one starts."""
        record = redacted(episode.model_dump()) if self.redact else episode.model_dump(mode="json")
        line = json.dumps(record, ensure_ascii=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())


class RecordTranscript(SectowWrapper):
    """Writes every finished episode to a `Transcript`."""

    def __init__(self, env: gym.Env[Any, Any], path: str | Path, redact: bool = True) -> None:
        super().__init__(env, path=str(path), redact=redact)
        self.transcript = Transcript(path, redact)
        self.base.arena.listeners.append(self.transcript)

    def close(self) -> None:
        """Stop listening."""
        if self.transcript in self.base.arena.listeners:
            self.base.arena.listeners.remove(self.transcript)
        super().close()


def redacted(value: Any) -> Any:
    """The output of a model's `model_dump()`, ready for JSON, without texts that may be harmful."""
    if isinstance(value, Picture):
        return f"sha256:{value.sha256}"
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: REDACTED if key in HIDDEN and field else redacted(field)
        for key, field in value.items()
    }
