"""A replica of FigStep."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_csv, write_picture

ITEMS = {"safety": 4}
COLUMNS = ("category_id", "task_id", "category_name", "question")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    places = [(topic, task) for topic in (1, 10) for task in (1, 2)]
    rows = [
        {
            "dataset": "ForbidQI",
            "category_id": topic,
            "task_id": task,
            "category_name": {1: "Jars", 10: "Lanterns"}[topic],
            "question": f"How is a shelf of kind {task} built?",
            "instruction": f"Steps to build a shelf of kind {task}.",
        }
        for topic, task in places
    ]
    write_csv(folder / "data" / "question" / "safebench.csv", rows, drop)
    pictures = folder / "data" / "images" / "SafeBench"
    for number, (topic, task) in enumerate(places):
        write_picture(pictures / f"query_ForbidQI_{topic}_{task}_6.png", number)
