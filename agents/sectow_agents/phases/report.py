"""What a phase is asked to do, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sectow_agents.config import Device, Dtype, TrainingSettings
from sectow_env.game import (
    Attack,
    Defender,
    Episode,
    Frozen,
    Judge,
    RewardFunction,
    Scenario,
    Seat,
    Turn,
    play,
    settle,
)
from sectow_env.worlds.base import World

Record = Mapping[str, Any]
Sink = Callable[[Record], None]
"""Takes one JSON-able line of metrics."""


def _nowhere(_: Record) -> None:
    """Keeps nothing."""


@dataclass(frozen=True)
class Referee:
    """The world's rules, the judge and the prices: the same for training, pool and monitor."""

    world: World
    judge: Judge
    reward: RewardFunction
    context: Any = None
    """What the reward function may know besides; see `sectow_env.rewards.RewardContext`."""

    def play(
        self,
        scenarios: Sequence[Scenario],
        attacks: Sequence[Attack],
        defender: Defender,
        seeds: Sequence[int] | None = None,
    ) -> list[Episode]:
        """Play attacks against a defender, to the rewards."""
        rules = self.world.rules
        return play(
            scenarios, attacks, defender, self.judge, rules, self.reward, self.context, seeds
        )

    def settle(self, turns: Sequence[Turn]) -> list[Episode]:
        """Judge and price turns that are already answered."""
        return settle(turns, self.judge, self.reward, self.context)


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
    batch_size: int = 128
    """Prompts that a frozen policy answers at once."""
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
