"""Toy-size settings for whole runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sectow_agents.settings.file import build_config
from sectow_agents.settings.run_config import RunConfig

TEMPLATE = "attack by {channel} : {behavior}"


def toy(run: Path, attacker: Path, defender: Path, /, **changes: Any) -> RunConfig:
    """One round of two optimizer steps per seat in the world of letters; changes replace keys."""
    training = {
        "steps": 2,
        "learning_rate": 1e-3,
        "batch": 16,
        "group": 4,
        "max_new_tokens": 6,
    }
    tree: dict[str, Any] = {
        "run": str(run),
        "world": "tests.agents.letters:Letters",
        "rounds": 1,
        "attacker": {"model": str(attacker), "template": TEMPLATE, "training": training},
        "defender": {
            "model": str(defender),
            "training": training,
            "mix": {"pool": 0.5, "benign": 0.3, "general": 0.0, "controlled": 0.2},
        },
        "pool": {"per_scenario": 1},
        "monitor": {"benign": 4, "scenarios": 4, "max_over_refusal": 1.0, "max_accuracy_drop": 1.0},
        "progress": False,
    }
    return build_config({**tree, **changes})
