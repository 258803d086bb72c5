"""Where a run comes from: versions, world, weights, settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sectow_agents.models.weights import weights_digest
from sectow_agents.settings.file import config_hash
from sectow_agents.settings.machine import origin
from sectow_agents.settings.run_config import RunConfig
from sectow_env.game import Judge, Seat
from sectow_env.game.world import World
from sectow_env.resolve.policies import weights_of

PACKAGES = ("sectow", "torch", "transformers", "trl", "peft", "datasets", "accelerate", "numpy")


def describe(
    config: RunConfig, world: World, judge: Judge, policies: Mapping[Seat, object]
) -> dict[str, Any]:
    """What run.json contains besides its schema; can be written as JSON."""
    return {
        **origin(PACKAGES),
        "world": {"id": world.id, "fingerprint": world.fingerprint},
        "judge": f"{judge.id}@{judge.version}",
        "config_sha256": config_hash(config),
        "seed": config.seed,
        "base": {
            seat: _described(config.policy(seat).model, policy) for seat, policy in policies.items()
        },
    }


def _described(name: str, policy: object) -> dict[str, str | None]:
    """The policy of a seat; what has no weights is known by its name alone."""
    weights = weights_of(policy)
    if weights is None:
        return {"policy": name, "source": None, "sha256": None}
    digest = weights_digest(weights.source)
    return {"policy": name, "source": str(weights.source), "sha256": digest}
