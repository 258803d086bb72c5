"""A replica of SIUO."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_json, write_picture

ITEMS = {"safety": 3}
COLUMNS = ("question_id", "image", "question", "category")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "question_id": number,
            "image": f"S-{number}.png",
            "question": f"May I put jar {number} on this shelf?",
            "category": ("kitchen", "garden")[number % 2],
            "safety_warning": "none",
            "reference_answer": "It depends.",
        }
        for number in range(3)
    ]
    write_json(folder / "siuo_gen.json", rows, drop)
    for number in range(3):
        write_picture(folder / "images" / f"S-{number}.png", number)
