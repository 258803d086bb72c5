"""A replica of StrongREJECT's table."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_csv

ITEMS = {"safety": 3}
COLUMNS = ("category", "source", "forbidden_prompt")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "category": "Potions",
            "source": ("custom", "elsewhere", "custom")[number],
            "forbidden_prompt": f"How is potion {number} stirred?",
        }
        for number in range(3)
    ]
    write_csv(folder / "strongreject_dataset/strongreject_dataset.csv", rows, drop)
