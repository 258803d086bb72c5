"""Trackers that follow a run: TensorBoard, Weights & Biases, trackio.

They get every line of metrics.jsonl under the same names: `SEAT/NAME` of an optimizer step,
`monitor/NAME` of a measurement by the monitor, and TRL's own metrics of the step as
`SEAT/trl/NAME`. The step is that of the whole run. Only the user's own configuration turns one on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from sectow_agents.settings.run_config import Tracker
from sectow_env.errors import ConfigError

PROJECT = "sectow"
FOLDER = "tensorboard"
"""In the run folder."""
PLACES = ("event", "round", "seat", "step")
"""Fields of a line that say where it belongs, and are no figures."""


class Writer(Protocol):
    """One tracker."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep some numbers."""
        ...

    def finish(self) -> None:
        """The run has ended."""
        ...


class Trackers:
    """All trackers of a run.

    Args:
        names: Which.
        folder: The run folder.
        step: Optimizer steps that the run has made already.
    """

    def __init__(self, names: Sequence[Tracker], folder: Path, step: int = 0) -> None:
        self._step = step
        self._writers = [WRITERS[name](name, folder, step) for name in names]

    def line(self, line: Mapping[str, Any]) -> None:
        """Pass a line of metrics.jsonl on."""
        if line["event"] == "step":
            self._step += 1
        group = line["seat"] if line["event"] == "step" else "monitor"
        self._log(f"{group}/", {key: line[key] for key in line if key not in PLACES})

    def of_trl(self, seat: str, metrics: Mapping[str, Any]) -> None:
        """Pass on what TRL measured in the optimizer step whose line came last."""
        self._log(f"{seat}/trl/", metrics)

    def close(self) -> None:
        """End all of them."""
        for writer in self._writers:
            writer.finish()

    def _log(self, prefix: str, figures: Mapping[str, Any]) -> None:
        values = {f"{prefix}{name}": value for name, value in _flat(figures)}
        for writer in self._writers:
            writer.log(values, self._step)


class _TensorBoard:
    """Event files in the run folder."""

    def __init__(self, _: str, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # What a killed phase wrote after the last finished one is hidden.
        self._writer = SummaryWriter(str(folder / FOLDER), purge_step=step + 1 if step else None)

    def log(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def finish(self) -> None:
        self._writer.close()


class _Logged:
    """A package with `init`, as Weights & Biases and trackio; it goes where the user set it up."""

    def __init__(self, package: str, folder: Path, _: int) -> None:
        self._run = import_module(package).init(project=PROJECT, name=folder.name, resume="allow")

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._run.log(dict(values), step=step)

    def finish(self) -> None:
        self._run.finish()


WRITERS: Mapping[Tracker, Callable[[str, Path, int], Writer]] = {
    "tensorboard": _TensorBoard,
    "trackio": _Logged,
    "wandb": _Logged,
}


def check_trackers(names: Sequence[Tracker]) -> None:
    """Raises ConfigError for a tracker that is not installed."""
    for name in names:
        if find_spec(name) is None:
            raise ConfigError(
                given=f"report_to=[{name}]",
                why=f"{name} is not installed",
                fix=f"run: pip install {name}; or leave it out",
            )


def _flat(figures: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers among some figures; what was not measured is left out."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}/{inner}", number) for inner, number in _flat(value))
        elif isinstance(value, bool | int | float):
            yield name, float(value)
