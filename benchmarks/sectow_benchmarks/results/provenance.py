"""Where an evaluation comes from: versions, machine, world, weights."""

from __future__ import annotations

import hashlib
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sectow_agents.models.weights import weights_digest
from sectow_benchmarks.suites.revisions import REVISIONS
from sectow_env.game import Judge
from sectow_env.game.world import World, world_facts

PACKAGES = (
    *("sectow", "lm_eval", "torch", "transformers", "peft", "datasets", "numpy", "pillow"),
    *("pandas", "scipy", "statsmodels"),
)


def describe_ground(name: str, world: World, judge: Judge) -> dict[str, Any]:
    """When, where and in which world: JSON-able."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: _version(package) for package in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "threads": _threads()},
        "world": {
            "name": name,
            "id": world.id,
            "fingerprint": world.fingerprint,
            "channels": list(world_facts(world).channels),
        },
        "judge": f"{judge.id}@{judge.version}",
        "suites": dict(REVISIONS),
    }


def describe_weights(name: str, source: str | Path | None) -> dict[str, Any]:
    """A model by what it is called, where it is and what its weights are."""
    return {
        "name": name,
        "source": None if source is None else str(source),
        "sha256": None if source is None else weights_digest(source),
    }


def trained_on(source: str | Path | None) -> dict[str, Any] | None:
    """What a checkpoint of a training run was trained against, from the run's pool.

    Behaviors are told by digest, so that run.json holds no harmful text. None for a model that lies
    in no training run: nobody knows then.
    """
    path = None if source is None else Path(source).resolve()
    if path is None or path.name not in {"attacker", "defender"} or len(path.parents) < 3:
        return None
    folder = path.parents[2]
    pool = folder / "pool.sqlite"
    if not (folder / "run.json").is_file() or not pool.is_file():
        return None
    from sectow_env.pool.store import AttackPool

    with AttackPool(pool, read_only=True) as attacks:
        behaviors = [entry.turn.scenario.behavior for entry in attacks]
    return {
        "attacks": len(behaviors),
        "behaviors": sorted({text_digest(one) for one in behaviors}),
    }


def text_digest(text: str) -> str:
    """Hex digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine() -> str:
    """This machine and the versions that decide figures, in words."""
    torch, transformers = _version("torch"), _version("transformers")
    return f"{os.cpu_count()} cores of {processor()}, torch {torch}, transformers {transformers}"


def _threads() -> int:
    import torch

    return int(torch.get_num_threads())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
