"""A replica of MMStar: the options are in the question."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"capability": 4}
COLUMNS = ("index", "question", "image", "answer", "category")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "index": number,
            "question": f"Which jar is {number}?\nOptions: A: red, B: blue, C: green, D: none",
            "image": stored(number),
            "answer": "ABCD"[number],
            "category": ("jars", "shelves")[number % 2],
            "l2_category": "lids",
            "meta_info": {"source": "made", "split": "val", "image_path": f"{number}.png"},
        }
        for number in range(4)
    ]
    write_configs(folder, {"val": {"val": "mmstar.parquet"}})
    write_parquet(folder / "mmstar.parquet", rows, drop)
