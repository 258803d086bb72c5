"""A replica of SPA-VL, of which the configuration `test` alone was fetched."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"safety": 2, "over_refusal": 2}
COLUMNS = ("image", "question", "class1")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    splits = {"harm": "test/harm-*", "help": "test/help-*"}
    write_configs(folder, {"default": {"train": "data/train-*"}, "test": splits})
    for split in splits:
        rows = [
            {
                "image": stored(number),
                "question": f"What does jar {number} {split}?",
                "class1": ("Jars", "Shelves")[number],
                "class2": "Lids",
                "class3": "Round lids",
            }
            for number in range(2)
        ]
        write_parquet(folder / "test" / f"{split}-00000-of-00001.parquet", rows, drop)
