"""A replica of AI2D: the right option is a number as text."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"capability": 4}
COLUMNS = ("question", "options", "answer", "image")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "question": f"What is under lid {number}?",
            "options": ["B", "tea", "a lamp", "none of these"],
            "answer": str(number),
            "image": stored(number // 2),
        }
        for number in range(4)
    ]
    write_configs(folder, {"default": {"test": "data/test-*"}})
    for part in range(2):
        name = f"test-0000{part}-of-00002.parquet"
        write_parquet(folder / "data" / name, rows[2 * part :][:2], drop)
