"""A replica of OR-Bench's hard part."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_csv

ITEMS = {"over_refusal": 3}
COLUMNS = ("prompt", "category")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {"prompt": f"How high is shelf {number}?", "category": ("kitchen", "garden")[number % 2]}
        for number in range(3)
    ]
    write_csv(folder / "or-bench-hard-1k.csv", rows, drop)
