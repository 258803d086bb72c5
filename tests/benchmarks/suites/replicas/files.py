"""Writes the files that replicas of suites are made of: harmless, tiny, in the suites' layouts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

Rows = Sequence[Mapping[str, Any]]


def png(number: int, size: tuple[int, int] = (24, 16)) -> bytes:
    """A picture of one colour, another one for each number."""
    colour = ((number * 67) % 256, (number * 131) % 256, (number * 29) % 256)
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def write_picture(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(number))


def without(rows: Rows, drop: str | None) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != drop} for row in rows]


def write_json(path: Path, rows: Rows, drop: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(without(rows, drop)), encoding="utf-8")


def write_csv(path: Path, rows: Rows, drop: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = without(rows, drop)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(kept[0]))
        writer.writeheader()
        writer.writerows(kept)


def write_parquet(path: Path, rows: Rows, drop: str | None = None) -> None:
    """Pictures are mappings with `bytes` and `path`, as `datasets` stores them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(without(rows, drop)), path)


def stored(number: int, **options: Any) -> dict[str, Any]:
    """A picture within a row of a parquet file."""
    return {"bytes": png(number, **options), "path": f"{number}.png"}


def write_configs(folder: Path, files: Mapping[str, Mapping[str, str]]) -> None:
    """The README of a hub data set: configuration -> split -> pattern of its files."""
    lines = ["---", "configs:"]
    for config, splits in files.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, pattern in splits.items():
            lines += [f"  - split: {split}", f"    path: {pattern}"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")
