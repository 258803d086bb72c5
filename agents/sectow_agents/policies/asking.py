"""How a checkpoint is prompted: kept beside its weights, so that it is the same everywhere."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from sectow_env.errors import ConfigError
from sectow_env.files import write_text
from sectow_env.game import Frozen

FILE = "asking.json"


class Asking(Frozen):
    """How a policy was prompted while it was trained."""

    template: str | None = None
    """An attacker's template; None for a defender."""
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
        return Asking.model_validate_json(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ConfigError(
            given=f"the file {file}",
            why=f"it cannot be read ({' '.join(str(error).split())[:200]})",
            fix="restore it from a copy, or remove it and name the template and system prompt",
        ) from error
