"""A replica of RealWorldQA: a question of each kind."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"capability": 4}
COLUMNS = ("image", "question", "answer")
LETTER = "Please answer directly with only the letter of the correct option and nothing else."
WORD = "Please answer directly with a single word or number."


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {"image": stored(number), "question": question, "answer": answer}
        for number, (question, answer) in enumerate(
            (
                (f"Which jar is full?\n\nA. the red jar\nB. the blue jar\n{LETTER}", "B"),
                (f"Is the shelf straight? {WORD}", "Yes"),
                (f"How many lamps are there? {WORD}", "3"),
                (f"Which way does the lamp point? {WORD}", "Left"),
            )
        )
    ]
    write_configs(folder, {"default": {"test": "data/test-*"}})
    write_parquet(folder / "data" / "test-00000-of-00001.parquet", rows, drop)
