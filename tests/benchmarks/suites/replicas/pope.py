"""A replica of POPE: three parts with the same numbers, about one picture."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"capability": 6}
COLUMNS = ("question_id", "question", "answer", "image_source", "image", "category")
KINDS = ("adversarial", "popular", "random")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "id": str(2 * place + number),
            "question_id": str(number + 1),
            "question": f"Is there a {('jar', 'lamp')[number]} in the image?",
            "answer": ("yes", "no")[number],
            "image_source": "shelf_000000000001",
            "image": stored(1),
            "category": kind,
        }
        for place, kind in enumerate(KINDS)
        for number in range(2)
    ]
    full = {kind: f"Full/{kind}-*" for kind in KINDS}
    write_configs(folder, {"Full": full, "default": {"test": "data/test-*"}})
    write_parquet(folder / "data" / "test-00000-of-00001.parquet", rows, drop)
