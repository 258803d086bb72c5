"""How a checkpoint is prompted: kept beside its weights, so that it is the same everywhere."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from sectow_env.errors import ConfigError, FileError
from sectow_env.files import write_text
from sectow_env.game import Frozen
from sectow_env.reading import read_model

FILE = "asking.json"


class Asking(Frozen):
    """How a policy was prompted while it was trained."""

    template: str | None = None
    """An attacker's template; None for the world's own request, and for a defender."""
    system: str | None = None
    max_new_tokens: int = Field(default=256, gt=0)


def write_asking(folder: Path, asking: Asking) -> None:
    """Put the record beside the weights in a folder."""
    write_text(folder / FILE, asking.model_dump_json(indent=1) + "\n")


def read_asking(source: str | Path) -> Asking:
    """The record beside some weights; the default one for a hub id or a folder without it.

    Raises:
        ConfigError: The file cannot be read.
    """
    file = Path(source) / FILE
    if not file.is_file():
        return Asking()
    try:
        return read_model(file, Asking, follow=False)
    except FileError as error:
        raise ConfigError(
            given=f"the file {file}",
            why=error.why,
            fix="restore it from a copy, or remove it and name the template and system prompt",
        ) from error
