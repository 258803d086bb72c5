"""Where a run comes from: versions, world, weights, settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sectow_agents.models.weights import weights_digest
from sectow_agents.settings.file import config_hash
from sectow_agents.settings.machine import origin
from sectow_agents.settings.run_config import RunConfig
from sectow_env.game import Judge, Seat
from sectow_env.game.world import World

PACKAGES = ("sectow", "torch", "transformers", "trl", "peft", "datasets", "accelerate", "numpy")


def describe(
    config: RunConfig, world: World, judge: Judge, bases: Mapping[Seat, str | Path]
) -> dict[str, Any]:
    """What run.json says besides its schema: JSON-able."""
    return {
        **origin(PACKAGES),
        "world": {"id": world.id, "fingerprint": world.fingerprint},
        "judge": f"{judge.id}@{judge.version}",
        "config_sha256": config_hash(config),
        "seed": config.seed,
        "base": {
            seat: {"source": str(source), "sha256": weights_digest(source)}
            for seat, source in bases.items()
        },
    }
