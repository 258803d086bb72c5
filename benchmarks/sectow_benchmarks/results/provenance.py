"""Where an evaluation comes from: versions, machine, world, weights."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from sectow_agents.models.weights import weights_digest
from sectow_agents.settings.machine import origin, processor
from sectow_benchmarks.suites.revisions import REVISIONS
from sectow_env.game import Judge
from sectow_env.game.world import World, world_facts
from sectow_env.registry.extras import version_of

PACKAGES = (
    *("sectow", "lm_eval", "torch", "transformers", "peft", "datasets", "numpy", "pillow"),
    *("pandas", "scipy", "statsmodels"),
)


def describe_ground(name: str | None, world: World, judge: Judge) -> dict[str, Any]:
    """When, where and in which world: JSON-able; without a world nothing of one is in it."""
    nowhere = {"world": {}, "judge": "", "suites": {}}
    played = {
        "world": {
            "name": name,
            "id": world.id,
            "fingerprint": world.fingerprint,
            "channels": list(world_facts(world).channels),
        },
        "judge": f"{judge.id}@{judge.version}",
        "suites": dict(REVISIONS),
    }
    return {
        **origin(PACKAGES),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "threads": _threads()},
        **(nowhere if name is None else played),
    }


def describe_weights(name: str, source: str | Path | None) -> dict[str, Any]:
    """A model by what it is called, where it is and what its weights are."""
    return {
        "name": name,
        "source": None if source is None else str(source),
        "sha256": None if source is None else weights_digest(source),
    }


def training_run(source: str | Path | None) -> Path | None:
    """The folder of the training run that a checkpoint belongs to; None for any other model."""
    path = None if source is None else Path(source).resolve()
    if path is None or path.name not in {"attacker", "defender"} or len(path.parents) < 3:
        return None
    folder = path.parents[2]
    whole = (folder / "run.json").is_file() and (folder / "pool.sqlite").is_file()
    return folder if whole else None


def trained_on(source: str | Path | None) -> dict[str, Any] | None:
    """What a checkpoint of a training run was trained against, from the run's pool.

    Behaviors are stored as digests, so that run.json contains no harmful text. None for a model
    outside of a training run: nobody knows then.
    """
    folder = training_run(source)
    if folder is None:
        return None
    from sectow_env.pool.store import AttackPool

    with AttackPool(folder / "pool.sqlite", read_only=True) as attacks:
        behaviors = [entry.turn.scenario.behavior for entry in attacks]
    return {
        "attacks": len(behaviors),
        "behaviors": sorted({text_digest(behavior) for behavior in behaviors}),
    }


def text_digest(text: str) -> str:
    """Hex digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def machine() -> str:
    """This machine and the versions that decide figures, in words."""
    torch, transformers = version_of("torch"), version_of("transformers")
    return f"{os.cpu_count()} cores of {processor()}, torch {torch}, transformers {transformers}"


def _threads() -> int:
    import torch

    return int(torch.get_num_threads())
