"""What an algorithm is given, and what it returns: `train(job, data, settings) -> PhaseReport`.

One algorithm per file, registered by name in the entry-point group `sectow.algorithms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sectow_agents.algorithms.rewards import SeatReward
from sectow_agents.processes import ALONE, Share
from sectow_agents.settings.run_config import (
    GENERATION,
    Device,
    Dtype,
    GenerationSettings,
    Quantization,
)
from sectow_agents.settings.training import ALGORITHMS, TrainingSettings
from sectow_env.game import (
    Episode,
    Frozen,
    Judge,
    Seat,
)

if TYPE_CHECKING:
    from sectow_agents.algorithms.dataset import Prompt

Record = Mapping[str, Any]
Sink = Callable[[Record], None]
"""Called with one line of metrics that can be written as JSON."""


def _nowhere(_: Record) -> None:
    """Keeps nothing."""


def _untracked(_: Seat, __: Record) -> None:
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
    quantization: Quantization | None = None
    """Of the base model that an adapter is trained on."""
    generation: GenerationSettings = GENERATION
    """How its completions are computed."""
    sink: Sink = _nowhere
    """Called with one line of metrics per optimizer step."""
    tracked: Callable[[Seat, Record], None] = _untracked
    """Called with the trainer's own metrics of each optimizer step, after its line."""
    progress: bool = False
    """Whether to draw a progress bar."""
    truth: Judge | None = None
    """Also looks at every episode, for the metrics alone."""
    share: Share = ALONE
    """This process's share of the work."""
    steps: Path | None = None
    """Folder of the phase's checkpoints in its middle."""
    checkpoint_every: int | None = None
    """Optimizer steps from one of them to the next; None writes none."""


@dataclass(frozen=True)
class TrainingData:
    """What a seat learns from in one phase."""

    prompts: Sequence[Prompt]
    order: Sequence[int]
    """Index of each prompt that is trained on, `settings.prompts` in all."""
    reward: SeatReward | None = None
    """Prices completions, for algorithms that learn from rewards."""
    targets: Sequence[str | None] | None = None
    """The response to learn for each prompt, for algorithms that learn from targets. None among
    them: no response is known."""


class Summary(Frozen):
    """What is kept of a phase; can be written as JSON."""

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
    """What a finished phase returns."""

    summary: Summary
    episodes: tuple[Episode, ...] = ()
    """Successful episodes of the training: an attacker phase's candidates for the pool."""


def train(job: Job, data: TrainingData) -> PhaseReport:
    """Run a phase by the algorithm that its settings name.

    Raises:
        SectowError: The algorithm is not installed, or cannot learn from this data.
    """
    algorithm = ALGORITHMS.get(job.training.algorithm)
    return cast("PhaseReport", algorithm(job, data, job.training))
