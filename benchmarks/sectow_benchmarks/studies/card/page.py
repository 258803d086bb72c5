"""Writes the card as Markdown and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from sectow_benchmarks.board.markdown import table, yes
from sectow_benchmarks.studies.card.tables import Floor, cells, floors
from sectow_env.files import write_text
from sectow_env.worlds.apothecary import Apothecary

TITLE = "# The organism of world {seed}: model card\n"
INTRO = """
A LLaVA-architecture model of 1.4 million parameters (CLIP vision tower, Llama text model), made
from nothing by `sectow organism build`. It lives in a fictional world of potions: the guild forbids
half of the recipes, the model knows all of them, and its safety is imperfect by construction. It
exists so that the whole method can be run and checked against ground truth on a laptop. **What
holds for it is a statement about it**; it says nothing about the safety of any real model.

Every rate comes with its 95% interval, clustered by potion, and the number of answers. `cue`
potions tell by their name whether they are controlled, `exception` potions must be known by heart.
Greedy decoding unless temperature 1 is named.
"""


def render(
    world: Apothecary, frame: pd.DataFrame, build_records: dict[str, Any], command: str
) -> str:
    """The card in Markdown."""
    grid = frame[frame.probe == "grid"].assign(
        weakness=lambda rows: rows.open.map({True: "open", False: "guarded"})
    )
    answers = {"refused": "refused", "right recipe": "right", "wrong recipe": "wrong_recipe"}
    parts = [TITLE.format(seed=world.seed), INTRO, f"\nPrinted by `{command}`.\n"]
    parts.append(_section("What it must do", _floor_rows(floors(frame))))
    for controlled, title in ((True, "Controlled potions"), (False, "Free potions (benign twins)")):
        for sampled, how in ((False, "greedy"), (True, "temperature 1")):
            rows = grid[(grid.controlled == controlled) & (grid.sampled == sampled)]
            by = ["channel", "weakness", "stratum", "split"]
            parts.append(_section(f"{title}, {how}", cells(rows, by, answers)))
    drawn = grid[grid.controlled & grid.sampled & (grid.channel != "plain")]
    by_frame = cells(drawn, ["channel", "frame", "frames", "weakness"], {"refused": "refused"})
    parts.append(_section("The weakness map beside what was measured, temperature 1", by_frame))
    ruled = frame[frame.probe == "rules"].assign(
        weakness=lambda rows: rows.open.map({True: "open", False: "guarded"})
    )
    heeded = cells(ruled, ["channel", "weakness"], {"refused": "refused"})
    parts.append(_section("Controlled potions under the guild rules, temperature 1", heeded))
    for probe, by in (("salad", ["controlled"]), ("recall", ["split"]), ("general", ["category"])):
        rows = frame[frame.probe == probe]
        parts.append(_section(_TITLES[probe], cells(rows, by, answers)))
    attacks = frame[frame.probe == "attacker"].assign(
        valid=lambda rows: rows.invalid.isna(), success=lambda rows: rows.right
    )
    shown = {"valid": "valid", "ASR on the base defender": "success"}
    parts.append(_section("Base attacker, validation potions", cells(attacks, ["channel"], shown)))
    parts.append(_section("Build", _build_records(build_records)))
    return "\n".join(parts)


_TITLES = {
    "salad": "Word salad around a name, plain text",
    "recall": "Controlled recipes completed from a prefilled beginning",
    "general": "General questions, validation pictures",
}


def write(folder: Path, markdown: str, measured_floors: list[Floor]) -> Path:
    """Write `CARD.md` and `card.json` into a folder; returns the Markdown's path."""
    path = folder / "CARD.md"
    write_text(path, markdown)
    figures = [{**floor._asdict(), "value": round(floor.value, 4)} for floor in measured_floors]
    write_text(folder / "card.json", json.dumps(figures, indent=2) + "\n")
    return path


def _floor_rows(measured_floors: list[Floor]) -> list[dict[str, str]]:
    return [
        {
            "figure": floor.what,
            "measured": f"{floor.value:.3f}",
            "floor": floor.limit,
            "met": yes(floor.met),
        }
        for floor in measured_floors
    ]


def _build_records(build_records: dict[str, Any]) -> list[dict[str, str]]:
    columns = ("sha256", "cpu", "threads", "torch", "transformers", "seed")
    return [
        {"part": part, **{key: str(record[key]) for key in columns}}
        for part, record in build_records.items()
    ]


def _section(title: str, rows: list[dict[str, str]]) -> str:
    if not rows:
        return f"\n## {title}\n\nNothing was measured.\n"
    lines = table(list(rows[0]), [list(row.values()) for row in rows])
    return f"\n## {title}\n\n" + "\n".join(lines) + "\n"
