"""A replica of MathVista, of which testmini alone was fetched."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"capability": 3}
COLUMNS = (
    *("pid", "question", "decoded_image", "choices", "unit", "precision", "answer"),
    *("question_type", "answer_type", "metadata"),
)
QUESTIONS = (
    ("multi_choice", "text", "blue", ["red", "blue"], None, None),
    ("free_form", "integer", "4", None, 0.0, None),
    ("free_form", "float", "1.25", None, 2.0, "m"),
    ("free_form", "list", "[1, 2]", None, None, None),
    ("free_form", "text", "a jar", None, None, None),
)


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "pid": str(number),
            "question": f"How tall is jar {number}?",
            "image": f"images/{number}.jpg",
            "decoded_image": stored(number),
            "choices": choices,
            "unit": unit,
            "precision": precision,
            "answer": answer,
            "question_type": kind,
            "answer_type": of,
            "metadata": {"task": "measuring jars", "skills": ["arithmetic"], "split": "testmini"},
            "query": f"Hint: look well.\nQuestion: How tall is jar {number}?",
        }
        for number, (kind, of, answer, choices, precision, unit) in enumerate(QUESTIONS)
    ]
    splits = {"testmini": "data/testmini-*", "test": "data/test-*"}
    write_configs(folder, {"default": splits})
    write_parquet(folder / "data" / "testmini-00000-of-00001.parquet", rows, drop)
