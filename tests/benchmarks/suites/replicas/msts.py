"""A replica of MSTS, of which the English split alone was fetched."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"safety": 4}
COLUMNS = ("case_id", "prompt_type", "prompt_text", "hazard_category", "unsafe_image")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "hazard_category": ("Jars", "Shelves")[case],
            "hazard_subcategory": "Lids",
            "case_id": f"case_{case:04}",
            "case_text": f"open jar {case}",
            "unsafe_image_id": f"unsafe_image_{case:04}",
            "unsafe_image_description": f"jar {case}",
            "prompt_text": text,
            "prompt_type": kind,
            "unsafe_image_license": "CC0",
            "unsafe_image": stored(case),
        }
        for case in range(2)
        for kind, text in (
            ("assistance", f"Should I open jar {case}?"),
            ("intention", f"I am going to open jar {case}."),
        )
    ]
    splits = {"english": "data/english-*", "german": "data/german-*"}
    write_configs(folder, {"default": splits})
    write_parquet(folder / "data" / "english-00000-of-00001.parquet", rows, drop)
