"""The samples: each row once, each column as world, suites and settings make it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.results.run import MAX_PICTURE_BYTES
from sectow_benchmarks.results.samples import KEY, Sample, digest_of, rows_of
from sectow_benchmarks.verify.columns import (
    SAMPLE,
    SAMPLE_COLUMNS,
    VERDICT_COLUMNS,
    How,
    chosen,
)
from sectow_benchmarks.verify.evidence import Evidence, read_object
from sectow_benchmarks.verify.expected import Expected, expected_rows, with_picture_of
from sectow_benchmarks.verify.findings import Finding, failed, ok, same, unverified
from sectow_benchmarks.verify.foreign import foreign_rows
from sectow_env.game.picture import Picture

if TYPE_CHECKING:
    import pandas as pd

WITHHELD = "{} samples are here without their texts: only who has these can check them"
REBUILT = chosen(SAMPLE, How.REBUILT)


def withheld(samples: pd.DataFrame) -> pd.Series[bool]:
    """Which samples are here without the texts of what was asked, as a published copy has them."""
    return (samples["scenario"] == "") & (samples["attack"] == "")


def check_tables(evidence: Evidence) -> Finding:
    """Both tables have their columns, each row once, and a verdict of each judge per sample."""
    samples, verdicts = evidence.samples, evidence.verdicts
    for name, frame, columns in (
        ("samples.parquet", samples, SAMPLE_COLUMNS),
        ("verdicts.parquet", verdicts, VERDICT_COLUMNS),
    ):
        differing = sorted(set(map(str, frame.columns)) ^ set(columns))
        if differing or len(frame.columns) != len(columns):
            return failed(f"{name} has other columns than it should: {', '.join(differing)}")
    repeated = int(samples.duplicated(["sample"]).sum())
    if repeated:
        return failed(f"{repeated} samples are duplicates")
    gone = withheld(samples)
    unlike = sum(digest_of(row) != row["digest"] for row in rows_of(samples[~gone]))
    if unlike:
        return failed(f"{unlike} samples have the digest of another question")
    silent = samples[~samples["answered"].astype(bool)]
    if (silent["response"] != "").any():
        return failed("a sample that was not answered has a response")
    missing, unexpected, doubled = _keys(evidence)
    if missing or unexpected or doubled:
        return failed(
            f"{missing} verdicts are missing, {unexpected} are of no sample or of a judge that "
            f"run.json does not name, {doubled} are duplicates"
        )
    good = ok(f"{len(samples)} samples and {len(verdicts)} verdicts, each once")
    return unverified(WITHHELD.format(int(gone.sum()))) if gone.any() else good


def _keys(evidence: Evidence) -> tuple[int, int, int]:
    verdicts, samples = evidence.verdicts, evidence.samples
    keys = list(zip(*(verdicts[name] for name in KEY), strict=True))
    required = set(zip(samples["sample"], samples["judge"], strict=True))
    rows = list(zip(*(samples[name] for name in ("sample", "suite", "role")), strict=True))
    for judging in evidence.judgings():
        if judging.entry is not None:
            looks_at = judging.entry.looks_at
            required |= {(name, judging.name) for name, *kind in rows if looks_at(*kind)}
    present = set(keys)
    return len(required - present), len(present - required), len(keys) - len(present)


def check_items(evidence: Evidence) -> Finding:
    """The rows are those that the settings ask for, and say what world and suites say."""
    stored = {str(row["sample"]): row for row in rows_of(evidence.samples)}
    foreign = foreign_rows(evidence)
    own = [
        with_picture_of(row, stored.get(row.sample.sample, {"picture": ""}))
        for row in expected_rows(evidence)
    ]
    expected = {row.sample.sample: row.sample for row in (*own, *foreign)}
    missing = [vars(row) for key, row in expected.items() if key not in stored]
    others = [row for key, row in stored.items() if key not in expected]
    apart = [*_counted("missing", missing), *_counted("not what the settings ask for", others)]
    if apart:
        return failed("; ".join(apart))
    if gone := int(withheld(evidence.samples).sum()):
        return unverified(WITHHELD.format(gone))
    changed = _changed(expected, stored)
    if changed:
        return failed("; ".join(changed))
    wrong = _costs(evidence, [*own, *foreign]) or _left_out(evidence, own)
    if wrong:
        return failed(wrong)
    beside = f"; {len(foreign)} of lm-eval's tasks are known by their digests only"
    return ok(f"{len(own)} rows, as the settings ask for{beside if foreign else ''}")


def _counted(what: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """How many rows of each suite and decoding, the largest first."""
    counts = Counter(f"{row['suite']}, {row['decoding']}" for row in rows)
    return [f"{count} rows of {name} are {what}" for name, count in counts.most_common(5)]


def _changed(expected: Mapping[str, Sample], stored: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Columns that say something else, with the number of rows and one of them."""
    rows: dict[str, list[str]] = {}
    for key, row in expected.items():
        for column in REBUILT:
            if not same(getattr(row, column), stored[key][column]):
                rows.setdefault(column, []).append(key)
    return [
        f"{column} of {len(keys)} rows is not what it should be, such as {keys[0]}"
        for column, keys in rows.items()
    ]


def _costs(evidence: Evidence, rows: Sequence[Expected]) -> str:
    """What is wrong with the units of work and their counts; empty where nothing is."""
    counts = Counter(row.unit for row in rows)
    if evidence.settings.decodings:
        counts["uncounted"] += 0
    if evidence.settings.tasks or evidence.settings.mini_tasks:
        counts["lm_eval"] += 0
    for file in sorted((evidence.run.path / "costs").glob("[!.]*")):
        cost = read_object(file)
        seconds = cost.get("seconds")
        if unexpected := sorted(cost.keys() - {"samples", "seconds"}):
            return f"costs/{file.name} has the unknown fields {', '.join(unexpected)}"
        timed = seconds is None or (isinstance(seconds, float | int) and 0 <= seconds < math.inf)
        if file.stem not in counts or counts.pop(file.stem) != cost.get("samples") or not timed:
            return f"costs/{file.name} is not of this many samples, or of no unit of work"
    return f"the costs of {', '.join(counts)} are missing" if counts else ""


def _left_out(evidence: Evidence, rows: Sequence[Expected]) -> str:
    """Pictures that are missing though there was room for them; empty where none is."""
    folder = evidence.run.path / "pictures"
    kept = sum(file.stat().st_size for file in folder.glob("*.png"))
    shown = {row.sample.picture: row.picture for row in rows if row.picture is not None}
    missing = [
        name
        for name, picture in shown.items()
        if not (folder / f"{name}.png").is_file() and kept + len(picture.png) <= MAX_PICTURE_BYTES
    ]
    return f"{len(missing)} pictures are missing, such as {missing[0]}" if missing else ""


def check_pictures(evidence: Evidence) -> Finding:
    """Every kept picture shows what its name is the digest of, and those that fit are kept."""
    folder = evidence.run.path / "pictures"
    files = {file.stem: file for file in sorted(folder.glob("[!.]*"))}
    renamed = [
        name for name, file in files.items() if Picture.from_bytes(file.read_bytes()).sha256 != name
    ]
    if renamed:
        return failed(f"{len(renamed)} pictures are not what they are called, such as {renamed[0]}")
    names = set(evidence.samples["picture"]) - {""}
    if strays := files.keys() - names:
        return failed(f"{len(strays)} pictures are of no sample, such as {min(strays)}")
    return ok(f"{len(files)} of {len(names)} pictures are kept, each what it is called")
