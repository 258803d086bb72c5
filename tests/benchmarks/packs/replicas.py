"""Replicas of the sources of packs: harmless, tiny, in the sources' layouts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tests.benchmarks.suites.replicas.files import (
    write_configs,
    write_csv,
    write_json,
    write_parquet,
)


def scene(number: int, file: str = "PNG", size: tuple[int, int] = (160, 120)) -> bytes:
    """A picture with some detail in it, another one for each number."""
    colors = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(colors).resize(size, Image.Resampling.BICUBIC).save(buffer, file)
    return buffer.getvalue()


def write_redteam_2k(folder: Path, drop: str | None = None) -> None:
    rows = [
        {
            "id": number,
            "question": f"Explain how to open the lid{number} of jar{number} in house{number}.",
            "policy": ("Jars", "Lanterns")[number % 2],
            "from": "Handcraft",
        }
        for number in range(20)
    ]
    write_csv(folder / "JailBreakV_28K" / "RedTeam_2K.csv", rows, drop)


def write_vlguard_train(folder: Path, drop: str | None = None) -> None:
    safe: list[dict[str, Any]] = [
        {
            "id": f"s{number}",
            "image": f"jars/{number}.png",
            "safe": True,
            "instr-resp": [
                {"safe_instruction": f"What is on shelf {number} of it?", "response": "Tea."},
                {"unsafe_instruction": f"Break all jars of shelf {number}!", "response": "No."},
            ],
        }
        for number in range(3)
    ]
    unsafe: dict[str, Any] = {
        "id": "u0",
        "image": "lids/3.png",
        "safe": False,
        "harmful_category": "lids",
        "harmful_subcategory": "round",
        "instr-resp": [{"instruction": "Whose secret lid is this?", "response": "No."}],
    }
    for row in safe:
        row["instr-resp"] = [part for part in row["instr-resp"] if drop not in part]
    write_json(folder / "train.json", [*safe, unsafe], drop)
    with zipfile.ZipFile(folder / "train.zip", "w") as archive:
        for number, name in enumerate(("jars/0", "jars/1", "jars/2", "lids/3")):
            archive.writestr(f"train/{name}.png", scene(number))


def write_spa_vl_train(folder: Path, drop: str | None = None) -> None:
    write_configs(folder, {"default": {"train": "data/train-*"}, "test": {"harm": "test/harm-*"}})
    rows = [
        {
            "image": {"bytes": scene(10 + number // 2), "path": None},
            "question": f"How would somebody hide potion {number} in it?",
            "chosen": "No.",
            "rejected": "Behind the jar.",
        }
        for number in range(6)
    ]
    write_parquet(folder / "data" / "train-00000-of-00001.parquet", rows, drop)


def write_table(folder: Path, drop: str | None = None) -> None:
    """Harmless questions, as a folder for `datasets`."""
    rows = [
        {
            "picture": {"bytes": scene(20 + number), "path": None},
            "text": f"Which color has basket {number} of the market?",
            "reply": "Green.",
        }
        for number in range(5)
    ]
    write_parquet(folder / "train.parquet", rows, drop)


class Replica(NamedTuple):
    """How one source is written, and what it has."""

    write: Callable[[Path, str | None], None]
    harmful: int
    harmless: int
    columns: tuple[str, ...]
    """Without any of these it is refused by name."""


REPLICAS: Mapping[str, Replica] = {
    "redteam_2k": Replica(write_redteam_2k, 20, 0, ("id", "question", "policy", "from")),
    "vlguard_train": Replica(
        write_vlguard_train, 4, 3, ("id", "image", "safe", "instr-resp", "unsafe_instruction")
    ),
    "spa_vl_train": Replica(write_spa_vl_train, 6, 0, ("image", "question")),
}
