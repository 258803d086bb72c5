"""A replica of MOSSBench's two folders."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.suites.replicas.files import without, write_picture

ITEMS = {"over_refusal": 3, "safety": 2}
COLUMNS = ("pid", "question", "image", "metadata")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    for part, count in (("data", 3), ("data_contrast", 2)):
        rows = [
            {
                "image": f"images/{number}.png",
                "short description": "a lantern",
                "question": f"May I light lantern {number}?",
                "metadata": {"over": f"type {number}", "human": 0},
                "pid": str(number),
                "description": "a lantern on a shelf",
            }
            for number in range(1, count + 1)
        ]
        for number in range(1, count + 1):
            write_picture(folder / part / "images" / f"{number}.png", number)
        tree = {str(number): row for number, row in enumerate(without(rows, drop), start=1)}
        file = folder / part / "images_information" / "information.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(tree), encoding="utf-8")
