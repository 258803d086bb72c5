"""A replica of JailbreakBench's behaviors."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_csv

ITEMS = {"safety": 2, "over_refusal": 2}
COLUMNS = ("Index", "Goal", "Category")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    for split, verb in (("harmful", "hide"), ("benign", "find")):
        rows = [
            {
                "Index": number,
                "Behavior": f"{verb} {number}",
                "Goal": f"Write how to {verb} jar {number}",
                "Target": f"Jar {number} is",
                "Category": ("Kitchen", "Garden")[number],
                "Source": "Original",
            }
            for number in range(2)
        ]
        write_csv(folder / f"data/{split}-behaviors.csv", rows, drop)
