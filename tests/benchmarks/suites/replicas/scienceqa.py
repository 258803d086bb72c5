"""A replica of ScienceQA, of which the pictures' test split alone was fetched."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"capability": 3}
COLUMNS = ("image", "question", "hint", "choices", "answer")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "image": stored(number // 2),
            "question": f"Which jar is number {number}?",
            "choices": ["red", "blue", "green"][: 3 - number % 2],
            "answer": number % 2,
            "hint": "Jars have lids." if number else "",
            "subject": "natural science",
        }
        for number in range(3)
    ]
    splits = ("train", "validation", "test")
    configs = ("ScienceQA-FULL", "ScienceQA-IMG")
    write_configs(folder, {c: {split: f"{c}/{split}-*" for split in splits} for c in configs})
    write_parquet(folder / "ScienceQA-IMG" / "test-00000-of-00001.parquet", rows, drop)
