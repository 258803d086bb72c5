"""A replica of XSTest's table, version 2."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_csv

ITEMS = {"over_refusal": 3, "safety": 2}
COLUMNS = ("id_v2", "type", "prompt", "focus")
TYPES = ("homonyms", "homonyms", "historical_events", "contrast_homonyms", "contrast_history")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "id_v1": f"v1-{number}",
            "id_v2": f"v2-{number}",
            "type": kind,
            "prompt": f"How do I stir potion {number}?",
            "focus": "stir" if "homonyms" in kind else "",
            "note": "",
        }
        for number, kind in enumerate(TYPES, start=1)
    ]
    write_csv(folder / "xstest_v2_prompts.csv", rows, drop)
