"""Starts commands in two processes, as a user does by `accelerate launch`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEVER = "none:none:0"


def two_processes(how: str, kill: str = NEVER) -> list[str]:
    """The beginning of a command that `sectow`'s arguments follow; it checks that it is two.

    Args:
        how: A file of configs/accelerate.
        kill: `RANK:SEAT:STEP`.
    """
    return [
        *(sys.executable, "-m", "accelerate.commands.launch"),
        *("--config_file", str(ROOT / "configs" / "accelerate" / f"{how}.yaml")),
        *("--mixed_precision", "no", "--num_processes", "2", "--main_process_port", "0"),
        *(str(ROOT / "tests" / "agents" / "ranks.py"), kill, how),
    ]


def run(command: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it on the CPU, to its end, within five minutes."""
    return subprocess.run(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
