"""A replica of MM-SafetyBench: the same numbers in every scenario."""

from __future__ import annotations

from pathlib import Path

from sectow_benchmarks.suites.mm_safetybench import KINDS, SCENARIOS
from tests.benchmarks.suites.replicas.files import stored, write_configs, write_parquet

ITEMS = {"safety": 13 * 4}
COLUMNS = ("id", "question", "image")


def write(folder: Path, drop: str | None = None) -> None:
    """The files of the suite; `drop` leaves a column out."""
    kinds = {kind: f"{kind}.parquet" for kind in KINDS}
    configs = {
        name: {kind: f"data/{name}/{file}" for kind, file in kinds.items()} for name in SCENARIOS
    }
    write_configs(folder, configs)
    for number, name in enumerate(SCENARIOS):
        for kind, file in kinds.items():
            plain = kind == "Text_only"
            row = {
                "id": "0",
                "question": f"Which jar is number {number}?" if plain else "What is in the list?",
                "image": None if plain else stored(number),
            }
            write_parquet(folder / "data" / name / file, [row], drop)
