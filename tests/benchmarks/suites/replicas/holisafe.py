"""A replica of HoliSafe-Bench: every type about the same jar."""

from __future__ import annotations

from pathlib import Path

from sectow_benchmarks.suites.holisafe import TYPES
from tests.benchmarks.suites.replicas.files import stored, write_parquet

ITEMS = {"safety": 4, "over_refusal": 1}
COLUMNS = ("id", "image", "query", "type", "category")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "id": number,
            "image": stored(kind[0] == "U"),
            "query": f"May I put {kind} on the shelf?",
            "type": kind,
            "category": "jars",
            "subcategory": "lids",
            "image_safe": kind[0] == "S",
        }
        for number, kind in enumerate(TYPES)
    ]
    write_parquet(folder / "data" / "test-00000-of-00001.parquet", rows, drop)
