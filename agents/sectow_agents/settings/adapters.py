"""Which base model the adapter in a folder was trained on."""

from __future__ import annotations

from pathlib import Path

from sectow_env.errors import ConfigError
from sectow_env.reading import read_json

ADAPTER = "adapter_config.json"


def adapter_base(folder: Path) -> str | None:
    """The base model that the adapter in a folder names; None where there is no adapter.

    Raises:
        FileError: The adapter's configuration cannot be read.
        ConfigError: It names no base model.
    """
    file = folder / ADAPTER
    if not file.exists():
        return None
    settings = read_json(file)
    base = settings.get("base_model_name_or_path") if isinstance(settings, dict) else None
    if not isinstance(base, str) or not base:
        raise ConfigError(
            given=f"the adapter {str(folder)!r}",
            why=f"its {ADAPTER} names no base model (base_model_name_or_path={base!r})",
            fix="write the folder or hub id there that the adapter was trained on",
        )
    return base
