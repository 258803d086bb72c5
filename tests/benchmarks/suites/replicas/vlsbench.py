"""A replica of VLSBench, with the pictures in its tar; two texts share one, another is empty."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from tests.benchmarks.suites.replicas.files import png, write_json

ITEMS = {"safety": 3}
COLUMNS = ("instruction_id", "instruction", "image_path", "category", "image_description")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "instruction_id": number,
            "instruction": text,
            "image_path": f"imgs/{number // 2}.png",
            "category": "Jars",
            "sub_category": "Lids",
            "source": "generation",
            "image_description": f"jar {number // 2}",
            "safety_reason": "none",
        }
        for number, text in enumerate(("Whose is this?", "May I open this?", ""))
    ]
    write_json(folder / "data.json", rows, drop)
    with tarfile.open(folder / "imgs.tar", "w") as archive:
        for number in range(2):
            member = tarfile.TarInfo(f"imgs/{number}.png")
            member.size = len(png(number))
            archive.addfile(member, io.BytesIO(png(number)))
