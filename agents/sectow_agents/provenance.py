"""Where a run comes from: versions, world, weights, settings."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sectow_agents.config import RunConfig
from sectow_agents.config_file import config_hash
from sectow_env.game import Judge, Seat
from sectow_env.worlds.base import World

PACKAGES = ("sectow", "torch", "transformers", "trl", "peft", "datasets", "accelerate", "numpy")
_CHUNK = 1 << 20


def describe(
    config: RunConfig, world: World, judge: Judge, bases: Mapping[Seat, str | Path]
) -> dict[str, Any]:
    """What run.json says besides its schema: JSON-able."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "world": {"id": world.id, "fingerprint": world.fingerprint},
        "judge": f"{judge.id}@{judge.version}",
        "config_sha256": config_hash(config),
        "seed": config.seed,
        "base": {
            seat: {"source": str(source), "sha256": weights_digest(source)}
            for seat, source in bases.items()
        },
    }


def weights_digest(source: str | Path) -> str | None:
    """Hex digest over all safetensors files of a folder; None for a model that is not a folder."""
    files = sorted(Path(source).glob("*.safetensors"))
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0")
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
