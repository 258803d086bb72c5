"""What a phase is asked to do, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sectow_agents.settings.run_config import Device, Dtype, TrainingSettings
from sectow_env.game import (
    Episode,
    Frozen,
    Judge,
    Seat,
)

Record = Mapping[str, Any]
Sink = Callable[[Record], None]
"""Takes one JSON-able line of metrics."""


def _nowhere(_: Record) -> None:
    """Keeps nothing."""


@dataclass(frozen=True)
class Job:
    """One phase to be run."""

    seat: Seat
    round: int
    seed: int
    training: TrainingSettings
    source: str | Path
    """Weights to start from."""
    out: Path
    """Folder that gets the trained weights and the processor; it exists and is empty."""
    system: str | None = None
    """System prompt of the seat."""
    device: Device = "auto"
    dtype: Dtype = "auto"
    sink: Sink = _nowhere
    """Gets one line an optimizer step."""
    progress: bool = False
    """Whether to draw a progress bar."""
    truth: Judge | None = None
    """Looks at every episode besides, for the metrics alone."""


class Summary(Frozen):
    """What is kept of a phase: JSON-able."""

    seat: Seat
    round: int
    steps: int
    """Optimizer steps."""
    seconds: float
    """Of the training alone."""
    metrics: dict[str, float | None]
    """Means over the last quarter of the optimizer steps, and `NAME_first` over the first."""


@dataclass(frozen=True)
class PhaseReport:
    """What a finished phase hands back."""

    summary: Summary
    episodes: tuple[Episode, ...] = ()
    """Successful episodes that were met: an attacker phase's candidates for the pool."""
