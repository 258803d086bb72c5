"""What counts of a model's own generation settings: the ids of a few tokens, nothing else.

How an answer is drawn is ours to say. transformers fills whatever a call leaves open from the
model's generation_config.json: beams, several answers per prompt, forbidden repetitions, limits.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from transformers import GenerationConfig
from transformers.utils import cached_file

from sectow_agents.models.hub import lookup
from sectow_env.errors import ConfigError
from sectow_env.reading import read_json

KEPT = ("bos_token_id", "eos_token_id", "pad_token_id", "suppress_tokens")
FILE = "generation_config.json"


def token_ids(source: str | Path, config: Any, revision: str | None = None) -> GenerationConfig:
    """The kept settings of a model, from its file, else from its configuration.

    Args:
        source: Folder or hub id.
        config: The model's configuration.
        revision: Of a hub id.

    Raises:
        SectowError: The file is not a JSON object, or an id is not a number.
    """
    file = _file(source, revision)
    if file is None:
        given = GenerationConfig.from_model_config(config).to_dict()
    else:
        given = read_json(Path(file))
    if not isinstance(given, dict):
        raise _bad(source, f"it is a JSON {type(given).__name__}, not an object")
    size = config.get_text_config().vocab_size
    return GenerationConfig(**{name: _known(source, name, given.get(name), size) for name in KEPT})


def keep_settings(source: str | Path, checkpoint: Path) -> None:
    """Give a checkpoint its source's own file again: for others, it is the same kind of model."""
    file = _file(source)
    if file is not None and (checkpoint / FILE).exists():
        shutil.copyfile(file, checkpoint / FILE)


def _file(source: str | Path, revision: str | None = None) -> str | None:
    path: str | None = cached_file(
        source,
        FILE,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
        **lookup(source, revision),
    )
    return path


def _known(source: str | Path, name: str, value: object, size: int) -> int | list[int] | None:
    """The ids that are in the vocabulary: some models write -1 for none."""
    known: list[int] = []
    for number in value if isinstance(value, list) else [] if value is None else [value]:
        if not isinstance(number, int):
            raise _bad(source, f"its {name}={value!r} is neither a number nor a list of numbers")
        if 0 <= number < size:
            known.append(number)
    if isinstance(value, list):
        return known or None
    return known[0] if known else None


def _bad(source: str | Path, why: str) -> ConfigError:
    return ConfigError(
        given=f"{FILE} of the model {str(source)!r}",
        why=why,
        fix="correct it, or remove the file",
    )
