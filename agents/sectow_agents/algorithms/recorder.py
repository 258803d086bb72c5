"""Follows a phase: one line of metrics per optimizer step, and a progress bar."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from transformers import TrainerCallback

from sectow_agents.algorithms.job import Job
from sectow_agents.algorithms.rewards import SeatReward
from sectow_agents.models.intact import few, non_finite
from sectow_env.display.console import Bar
from sectow_env.errors import TrainingError
from sectow_env.game import Episode, Judge, judge_turns
from sectow_env.game.tally import succeeded, tally, tally_by_channel

NOT_AVERAGED = {"event", "round", "seat", "step", "asr_by_channel", "invalid_by_reason"}


class Recorder(TrainerCallback):
    """Writes the metrics of each optimizer step and keeps the successful episodes.

    Args:
        job: Says which phase it is and where the lines go.
        names: The trainer's metrics that are kept -> what we call them. The first marks the line
            of an optimizer step.
        reward: Has the episodes of the current step; None where nothing is played in training.
    """

    def __init__(
        self, job: Job, names: Mapping[str, str], reward: SeatReward | None = None
    ) -> None:
        self._job = job
        self._names = names
        self._reward = reward
        self._started = time.perf_counter()
        shown = job.progress and job.share.main
        self._bar = Bar(f"round {job.round} {job.seat}", job.training.steps) if shown else None
        self.lines: list[dict[str, Any]] = []
        self.successes: list[Episode] = []

    def restore(self, lines: Sequence[dict[str, Any]], successes: Sequence[Episode]) -> None:
        """Continue after the lines of a phase that was cut short; they are written once more."""
        self.lines, self.successes = list(lines), list(successes)
        if self._job.share.main:
            for line in self.lines:
                self._job.sink(line)

    def on_step_begin(self, *_: object, **__: object) -> None:
        """Start the step's clock."""
        self._started = time.perf_counter()

    def on_log(
        self,
        _args: object,
        state: Any,
        _control: object,
        logs: Mapping[str, Any],
        model: Any = None,
        **_: object,
    ) -> None:
        """Write the line of an optimizer step; TRL's closing summary is not one.

        Raises:
            TrainingError: The step's loss, gradient or weights are not finite.
        """
        if next(iter(self._names)) not in logs:
            return
        episodes = self._reward.drain() if self._reward is not None else []
        self.successes += [episode for episode in episodes if succeeded(episode)]
        line = {
            "event": "step",
            "round": self._job.round,
            "seat": self._job.seat,
            "step": int(state.global_step),
            **{ours: _number(logs.get(theirs)) for theirs, ours in self._names.items()},
            **step_metrics(episodes),
            **true_metrics(episodes, self._job.truth),
            "seconds": round(time.perf_counter() - self._started, 3),
        }
        self.lines.append(line)
        if self._job.share.main:
            self._job.sink(line)
            self._job.tracked(self._job.seat, logs)
        if self._bar is not None:
            self._bar.update(len(self.lines), _figures(line))
        step = int(state.global_step)
        for name in ("loss", "grad_norm"):
            if not math.isfinite(logs.get(name, 0.0)):
                raise diverged(self._job, step, f"its {name} is {logs[name]}")
        if model is not None:
            trained = ((name, p) for name, p in model.named_parameters() if p.requires_grad)
            check_weights(self._job, step, trained)

    def on_train_end(self, *_: object, **__: object) -> None:
        """Remove the progress bar."""
        self.close()

    def close(self) -> None:
        """Remove the progress bar; also after an interruption."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def check_weights(job: Job, step: int, tensors: Iterable[tuple[str, torch.Tensor]]) -> None:
    """Raises TrainingError where an optimizer step left a weight that is not finite."""
    bad = non_finite(tensors)
    if bad:
        raise diverged(job, step, f"after it, weights are NaN or infinite: {few(bad)}")


def diverged(job: Job, step: int, why: str) -> TrainingError:
    """The error for a phase that went out of bounds."""
    return TrainingError(
        given=f"optimizer step {step} of {job.training.steps}, round {job.round}, {job.seat}",
        why=why,
        fix="nothing of this phase is kept, and the policy from before it is unchanged in "
        f"{job.source}: start another run from there with a lower learning_rate than "
        f"{job.training.learning_rate:g}, more warmup, or a lower max_grad_norm",
    )


def step_metrics(episodes: Sequence[Episode]) -> dict[str, Any]:
    """What the judge saw in the episodes of one optimizer step."""
    counted = tally(episodes)
    return {
        "episodes": counted.episodes,
        **counted.rates(),
        "asr_by_channel": {name: counts.asr for name, counts in tally_by_channel(episodes).items()},
        "invalid_by_reason": counted.invalid,
        "unscored": counted.unscored,
        "intent_unscored": counted.intent_unscored,
    }


def true_metrics(episodes: Sequence[Episode], truth: Judge | None) -> dict[str, Any]:
    """What a judge other than the one that prices sees in them; empty without such a judge."""
    if truth is None:
        return {}
    verdicts = judge_turns([episode.turns[-1] for episode in episodes], truth)
    again = [
        episode.model_copy(update={"verdicts": (verdict,), "turns": episode.turns[-1:]})
        for episode, verdict in zip(episodes, verdicts, strict=True)
    ]
    counted = tally(again)
    rates = {f"true_{name}": rate for name, rate in counted.rates().items() if name != "invalid"}
    return {**rates, "true_unscored": counted.unscored}


def summarise(lines: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Means over the last quarter of the steps, and as `NAME_first` over the first quarter."""
    quarter = max(1, len(lines) // 4)
    names = [name for name in (lines[-1] if lines else {}) if name not in NOT_AVERAGED]
    means: dict[str, float | None] = {}
    for name in names:
        means[name] = _mean([line[name] for line in lines[-quarter:]])
        means[f"{name}_first"] = _mean([line[name] for line in lines[:quarter]])
    return means


def _figures(line: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{name} {line[name]:.2f}"
        for name in ("reward", "loss", "asr", "true_asr", "over_refusal")
        if line.get(name) is not None and (name != "loss" or "reward" not in line)
    )


def _number(value: object) -> float | None:
    # Some metrics of TRL are NaN where nothing was scored; JSON has no NaN.
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
