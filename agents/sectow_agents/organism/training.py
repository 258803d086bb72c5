"""A small supervised training loop: seeded, resumable, with a progress callback.

The state is written aside and renamed, as safetensors; the data of a step depends on the seed and
the step's number alone, so a resumed run is bitwise the uninterrupted one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

SAVE_EVERY = 200
MAX_NORM = 1.0
Progress = Callable[[str, int, int, float], None]
"""Called with the stage's name, steps done, steps in all, and a smoothed loss."""


@dataclass(frozen=True)
class Schedule:
    """Optimizer steps with linear warm-up and cosine decay to a tenth."""

    steps: int
    learning_rate: float
    warmup: int = 50
    weight_decay: float = 0.01

    def rate(self, step: int) -> float:
        """Learning rate of an optimizer step."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * (0.1 + 0.45 * (1.0 + math.cos(math.pi * done)))


@dataclass(frozen=True)
class Stage:
    """The name of a training stage, the folder of its state and its progress callback."""

    name: str
    folder: Path | None = None
    progress: Progress | None = None

    @property
    def state_file(self) -> Path | None:
        """Where the run can resume from; None keeps no state."""
        return self.folder / f"{self.name}.state.safetensors" if self.folder else None


def train(
    module: nn.Module,
    loss: Callable[[int], torch.Tensor],
    schedule: Schedule,
    stage: Stage,
) -> None:
    """Run the schedule on all parameters that require a gradient, in place."""
    parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(
        parameters.values(),
        lr=schedule.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=schedule.weight_decay,
    )
    start = _restore(module, parameters, optimizer, stage.state_file)
    smooth = math.nan
    module.train()
    for step in range(start, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(step)
        optimizer.zero_grad(set_to_none=True)
        value = loss(step)
        value.backward()
        nn.utils.clip_grad_norm_(parameters.values(), MAX_NORM)
        optimizer.step()
        now = float(value.detach())
        smooth = now if math.isnan(smooth) else 0.95 * smooth + 0.05 * now
        if stage.progress:
            stage.progress(stage.name, step + 1, schedule.steps, smooth)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == schedule.steps:
            _keep(module, parameters, optimizer, step + 1, stage.state_file)
    module.eval()


def _keep(
    module: nn.Module,
    parameters: dict[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    done: int,
    file: Path | None,
) -> None:
    if file is None:
        return
    state = {f"model.{name}": tensor for name, tensor in module.state_dict().items()}
    for name, parameter in parameters.items():
        for key, value in optimizer.state[parameter].items():
            state[f"optimizer.{key}.{name}"] = value
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".partial")
    # Tied weights share memory, which safetensors refuses: each is written as its own copy.
    save_file(
        {k: v.detach().clone().contiguous() for k, v in state.items()},
        aside,
        metadata={"done": str(done)},
    )
    aside.replace(file)


def _restore(
    module: nn.Module,
    parameters: dict[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    file: Path | None,
) -> int:
    if file is None or not file.exists():
        return 0
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        done = int(opened.metadata()["done"])
    state = load_file(file)
    module.load_state_dict(
        {key[6:]: value for key, value in state.items() if key.startswith("model.")}
    )
    for name, parameter in parameters.items():
        # A parameter that the loss never reached has no state.
        if f"optimizer.step.{name}" in state:
            optimizer.state[parameter] = {
                key: state[f"optimizer.{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")
            }
    return done


@contextmanager
def two_threads() -> Iterator[None]:
    """The thread count that the shipped weights were built with; sums depend on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        yield
    finally:
        torch.set_num_threads(before)
