"""An evaluation, or a pack of attacks, as a `datasets` repository, and back.

    README.md               data card, which also names the tables
    samples.parquet         of an evaluation: both tables, byte for byte
    verdicts.parquet
    attacks.parquet         of a pack: one row per attack
    pictures.parquet        what was shown, by digest
    run.json or pack.json   what it is
    costs/UNIT.json, SHA256SUMS

What is pulled is data: only these files are read, and what comes of them has the digests that were
sealed, or nothing is left on the disk.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from sectow_benchmarks.hub.data_card import of_evaluation, of_pack
from sectow_benchmarks.hub.publish import publish
from sectow_benchmarks.report.page import Profile
from sectow_benchmarks.report.public import is_fictional
from sectow_benchmarks.results.attack_packs import PARTS, AttackPack
from sectow_benchmarks.results.checksums import SUMS, broken
from sectow_benchmarks.results.run import MAX_PICTURE_BYTES, SEALED, TABLES, EvaluationRun
from sectow_env.display.console import libraries_silenced
from sectow_env.errors import PackError, RunFolderError, SectowError, quoted
from sectow_env.files import check_new_folder, new_folder, write_bytes, write_text
from sectow_env.reading import parse_json, read_bytes

Kind = Literal["evaluation", "attacks"]
PICTURES, ATTACKS, CARD = "pictures.parquet", "attacks.parquet", "README.md"
MAX_TABLE_BYTES = 2**30
PATTERNS = ("*.parquet", "run.json", "pack.json", "costs/*.json", SUMS)
"""What is fetched from a hub."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNIT = re.compile(r"[\w-][\w.-]{0,120}\.json", re.ASCII)


@dataclass(frozen=True)
class DataSet:
    """A folder that `datasets.load_dataset` reads."""

    path: Path
    kind: Kind
    withheld: tuple[str, ...] = ()
    """Suites whose texts were left out."""


def write(source: Path, out: Path, profile: Profile = "public", licence: str = "") -> DataSet:
    """Make a data set of an evaluation or a pack.

    Args:
        source: Its folder.
        out: A new or empty folder.
        profile: As in `publish`; a pack of what is not invented is local only.
        licence: Of the data set, as the hub names it; empty takes the one that fits.

    Raises:
        RunFolderError: There is neither, or it is unfinished, or `out` contains something.
        PackError: The attacks are not ours to give.
    """
    check_new_folder(out)
    if (source / "pack.json").is_file():
        return _write_pack(AttackPack.read(source), out, profile, licence)
    run = EvaluationRun.open(source)
    with TemporaryDirectory() as folder:
        copy = publish(run, Path(folder) / "copy", profile)
        path = copy.run.path
        out.mkdir(parents=True, exist_ok=True)
        for name in ("run.json", *TABLES, SUMS):
            shutil.copyfile(path / name, out / name)
        shutil.copytree(path / "costs", out / "costs")
        _write_pictures(sorted(path.glob("pictures/*.png")), out / PICTURES)
    kept = EvaluationRun(out, copy.run.about)
    write_text(out / CARD, of_evaluation(kept, copy.withheld, profile, licence))
    return DataSet(out, "evaluation", copy.withheld)


def read(folder: Path, out: Path) -> DataSet:
    """Make an evaluation or a pack of a data set, as it was before.

    Raises:
        SectowError: It is neither, or not what was sealed; nothing is left in `out` then.
    """
    kind: Kind = "attacks" if (folder / "pack.json").is_file() else "evaluation"
    with new_folder(out) as made:
        (made / "pictures").mkdir()
        try:
            (_pull_pack if kind == "attacks" else _pull_evaluation)(folder, made)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, SectowError):
                raise
            raise _unlike(folder, f"it cannot be read ({quoted(error)})") from error
        damage = broken(made, PARTS if kind == "attacks" else SEALED)
        if damage:
            raise _unlike(folder, damage[0])
        if kind == "attacks":
            AttackPack.read(made)
        else:
            EvaluationRun.open(made)
    return DataSet(out, kind)


def _pull_evaluation(folder: Path, made: Path) -> None:
    for name in ("run.json", *TABLES, SUMS):
        _copy(folder / name, made / name)
    (made / "costs").mkdir()
    for file in sorted(folder.glob("costs/*")):
        if not _UNIT.fullmatch(file.name):
            raise _unlike(folder, f"costs/{file.name[:80]!r} is not the name of a unit of work")
        _copy(file, made / "costs" / file.name)
    _pull_pictures(folder, made)


def _pull_pack(folder: Path, made: Path) -> None:
    for name in ("pack.json", SUMS):
        _copy(folder / name, made / name)
    lines = [str(row["line"]) for row in _rows(folder / ATTACKS, ("line",))]
    if any("\n" in line for line in lines):
        raise _unlike(folder, "an attack has more than one line")
    write_text(made / "attacks.jsonl", "".join(f"{line}\n" for line in lines))
    _pull_pictures(folder, made)


def _pull_pictures(folder: Path, made: Path) -> None:
    if not (folder / PICTURES).exists():
        return
    total = 0
    for row in _rows(folder / PICTURES, ("picture", "image")):
        name, png = str(row["picture"]), row["image"]["bytes"]
        total += len(png)
        if not _DIGEST.fullmatch(name) or total > MAX_PICTURE_BYTES:
            raise _unlike(folder, "a picture has another name than a digest, or they are too large")
        write_bytes(made / "pictures" / f"{name}.png", png)


def _rows(file: Path, columns: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = read_bytes(file, MAX_TABLE_BYTES, follow=False)
    table = pq.ParquetFile(pa.BufferReader(data))
    for batch in table.iter_batches(batch_size=256, columns=list(columns)):
        yield from batch.to_pylist()


def _copy(file: Path, to: Path) -> None:
    to.write_bytes(read_bytes(file, MAX_TABLE_BYTES, follow=False))


def _write_pictures(files: Iterable[Path], out: Path) -> None:
    """Pictures as the hub shows them; no file where there is no picture."""
    from datasets import Dataset, Features, Image, Value

    paths = list(files)
    if not paths:
        return
    rows = {
        "picture": [file.stem for file in paths],
        "image": [{"bytes": file.read_bytes(), "path": None} for file in paths],
    }
    features = Features({"picture": Value("string"), "image": Image()})
    with libraries_silenced():
        Dataset.from_dict(rows, features=features).to_parquet(out)


def _write_pack(pack: AttackPack, out: Path, profile: Profile, licence: str) -> DataSet:
    if profile == "public" and not is_fictional(pack.about.get("lineage") or {}):
        raise PackError(
            given=f"the attack pack {pack.path}",
            why="its world is not known to be invented, and a pack is its texts",
            fix="keep it; or, if every text in it is yours to give, use --profile local",
        )
    import pandas as pd

    out.mkdir(parents=True, exist_ok=True)
    lines = [
        line
        for line in read_bytes(pack.path / "attacks.jsonl").decode().split("\n")
        if line.strip()
    ]
    rows = [_attack_row(line) for line in lines]
    pd.DataFrame(rows).to_parquet(out / ATTACKS, index=False, compression="zstd")
    _write_pictures(sorted(pack.path.glob("pictures/*.png")), out / PICTURES)
    for name in ("pack.json", SUMS):
        shutil.copyfile(pack.path / name, out / name)
    write_text(out / CARD, of_pack(pack, (out / PICTURES).exists(), profile, licence))
    return DataSet(out, "attacks")


def _attack_row(line: str) -> dict[str, str]:
    tree = parse_json(line, "a line of the attacks")
    scenario, attack = tree["scenario"], tree["attack"]
    return {
        "id": scenario["id"],
        "behavior": scenario["behavior"],
        "category": scenario.get("category") or "",
        "channel": attack.get("channel") or "",
        "query": attack.get("query") or "",
        "picture": tree["picture"] or "",
        "line": line,
    }


def _unlike(folder: Path, why: str) -> RunFolderError:
    return RunFolderError(
        given=f"the data set {folder}",
        why=why,
        fix="fetch it again, or give one that sectow push wrote",
    )
