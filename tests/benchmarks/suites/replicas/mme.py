"""A replica of MME: two questions for each picture."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"capability": 8}
COLUMNS = ("question_id", "image", "question", "answer", "category")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "question_id": f"{category}/000{number}.png",
            "image": stored(number),
            "question": f"Is jar {number} {('full', 'empty')[negated]}? Please answer yes or no.",
            "answer": ("Yes", "No")[negated],
            "category": category,
        }
        for category in ("count", "color")
        for number in range(2)
        for negated in range(2)
    ]
    write_configs(folder, {"default": {"test": "data/test-*"}})
    write_parquet(folder / "data" / "test-00000-of-00001.parquet", rows, drop)
