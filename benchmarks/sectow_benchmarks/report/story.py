"""What a training run's folder tells the report: its phases, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.report.charts import Band, Line
from sectow_env.errors import FileError
from sectow_env.reading import MAX_LINES_BYTES, parse_json, read_text

if TYPE_CHECKING:
    from sectow_agents.run.folder import Finished

SMOOTHING = 5
"""Optimizer steps over which a line is averaged."""


@dataclass(frozen=True)
class Story:
    """A training run."""

    folder: Path
    about: Mapping[str, Any]
    phases: tuple[Finished, ...]
    warnings: tuple[str, ...]
    """What the run said loudly, such as that nearly all attacks were invalid."""
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    steps: int


def read_story(folder: Path) -> Story:
    """Read a training run.

    Raises:
        RunFolderError: There is none, or it is damaged or of another schema.
    """
    # Imported late: it loads torch.
    from sectow_agents.run.folder import RunFolder

    files = RunFolder.open(folder)
    lines = list(_lines(folder / "metrics.jsonl"))
    steps = [line for line in lines if line.get("event") == "step"]
    return Story(
        folder=folder,
        about=files.about,
        phases=files.state.phases,
        warnings=tuple(str(line.get("text")) for line in lines if line.get("event") == "warning"),
        bands=tuple(_bands(steps)),
        lines=tuple(_curves(steps)),
        steps=len(steps),
    )


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if not file.is_file():
        return
    for text in read_text(file, MAX_LINES_BYTES, follow=False).split("\n"):
        try:
            line = parse_json(text, str(file))
        except FileError:
            # A run that was killed while it wrote leaves half a line.
            continue
        if isinstance(line, dict):
            yield line


def _bands(steps: Sequence[Mapping[str, Any]]) -> Iterator[Band]:
    start = 0
    for index in range(1, len(steps) + 1):
        if index == len(steps) or _phase(steps[index]) != _phase(steps[start]):
            number, seat = _phase(steps[start])
            yield Band(f"round {number} {seat}", start, index, seat, number)
            start = index


def _phase(line: Mapping[str, Any]) -> tuple[int, str]:
    seat = "attacker" if line.get("seat") == "attacker" else "defender"
    number = line.get("round")
    return (number if isinstance(number, int) else 0), seat


def _curves(steps: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    for number, (key, label, dashed) in enumerate(
        (
            ("asr", "attack success of the attacks in the batch", False),
            ("over_refusal", "over-refusal of the benign requests in the batch", True),
            ("true_asr", "attack success of the same attacks by the truth", False),
        )
    ):
        values = _smooth(steps, key)
        if any(not math.isnan(value) for value in values):
            yield Line(label, tuple(values), number, dashed)


def _smooth(steps: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    """Trailing means within a phase; NaN where nothing was measured."""
    smooth = []
    for index, line in enumerate(steps):
        recent = [
            float(other[key])
            for other in steps[max(0, index - SMOOTHING + 1) : index + 1]
            if _phase(other) == _phase(line) and isinstance(other.get(key), int | float)
        ]
        measured = isinstance(line.get(key), int | float)
        smooth.append(sum(recent) / len(recent) if recent and measured else math.nan)
    return smooth
