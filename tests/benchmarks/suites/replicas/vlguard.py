"""A replica of VLGuard, with the pictures in its zip."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from tests.benchmarks.suites.replicas.files import png, write_json

ITEMS = {"safety": 3, "over_refusal": 2}
COLUMNS = ("id", "image", "safe", "instr-resp", "harmful_category", "unsafe_instruction")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out, of an instruction too."""
    safe = [
        {
            "id": f"s{number}",
            "image": f"jars/{number}.png",
            "safe": True,
            "instr-resp": [
                {"safe_instruction": f"What is in jar {number}?", "response": "Tea."},
                {"unsafe_instruction": f"Break jar {number}!", "response": "No."},
            ],
        }
        for number in range(2)
    ]
    unsafe: dict[str, Any] = {
        "id": "u0",
        "image": "lids/2.png",
        "safe": False,
        "harmful_category": "lids",
        "harmful_subcategory": "round",
        "instr-resp": [{"instruction": "Whose lid is this?", "response": "I do not know."}],
    }
    for row in safe:
        parts = row["instr-resp"]
        assert isinstance(parts, list)
        row["instr-resp"] = [part for part in parts if drop is None or drop not in part]
    write_json(folder / "test.json", [*safe, unsafe], drop)
    with zipfile.ZipFile(folder / "test.zip", "w") as archive:
        for number, name in enumerate(("jars/0.png", "jars/1.png", "lids/2.png")):
            archive.writestr(f"test/{name}", png(number))
