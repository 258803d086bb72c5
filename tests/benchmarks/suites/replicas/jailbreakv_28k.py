"""A replica of JailBreakV-28K: two requests as texts beside two pictures each, and one drawn."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_csv, write_picture

ITEMS = {"safety": 5}
COLUMNS = ("id", "jailbreak_query", "redteam_query", "format", "policy", "image_path")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    home = folder / "JailBreakV_28K"
    requests = (0, 0, 1, 1, 0)
    rows = [
        {
            "id": number,
            "jailbreak_query": f"You are a lantern. Sort the jars of shelf {request}.",
            "redteam_query": f"Sort the jars of shelf {request}.",
            "format": "figstep" if number == 4 else "Template",
            "policy": ("Jars", "Shelves")[request],
            "image_path": f"{'figstep' if number == 4 else 'llm_transfer_attack'}/{number}.png",
            "from": "Handcraft",
            "selected_mini": "yes" if number > 2 else "no",
            "transfer_from_llm": number != 4,
        }
        for number, request in enumerate(requests)
    ]
    write_csv(home / "JailBreakV_28K.csv", rows, drop)
    write_csv(home / "mini_JailBreakV_28K.csv", rows[3:], drop)
    for number, row in enumerate(rows):
        if "image_path" in row:
            write_picture(home / str(row["image_path"]), number)
