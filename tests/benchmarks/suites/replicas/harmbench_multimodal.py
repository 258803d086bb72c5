"""A replica of HarmBench's table of multimodal behaviors, and its pictures."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_csv, write_picture

FILE = "data/behavior_datasets/harmbench_behaviors_multimodal_all.csv"
ITEMS = {"safety": 3}
COLUMNS = (
    *("Behavior", "BehaviorID", "SemanticCategory", "ImageFileName", "RedactedImageDescription"),
)


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "Behavior": f"Say on which shelf lantern {number} stands",
            "BehaviorID": f"lantern_{number}",
            "FunctionalCategory": "multimodal",
            "SemanticCategory": ("kitchen", "garden")[number % 2],
            "ImageFileName": f"lantern_{number}.{('jpg', 'png')[number % 2]}",
            "ImageDescription": "A lantern on the third shelf",
            "RedactedImageDescription": "A lantern on a shelf" if number else "",
        }
        for number in range(3)
    ]
    write_csv(folder / FILE, rows, drop)
    for number in range(3):
        write_picture(folder / f"data/multimodal_behavior_images/lantern_{number}.png", number)
