"""Modules that read settings and run folders do not import torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import {module}
heavy = {{"torch", "transformers", "trl", "datasets", "peft", "pandas"}} & set(sys.modules)
sys.exit(", ".join(sorted(heavy)) or 0)
"""
LIGHT = (
    "commands",
    "settings.run_config",
    "settings.file",
    "run.folder",
    "run.monitor",
    "run.league",
)


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_stays_light(module: str) -> None:
    program = PROGRAM.format(module=f"sectow_agents.{module}")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_heavy_module_is_seen() -> None:
    program = PROGRAM.format(module="sectow_agents.models.sampling")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "torch" in done.stderr
