"""An entry against its samples: its figures come out again, and `sectow verify` is green."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sectow_benchmarks.results.checksums import SUMS, broken
from sectow_benchmarks.results.run import SEALED, TABLES
from sectow_benchmarks.submissions.entry import Entry
from sectow_benchmarks.submissions.make import entry_of
from sectow_benchmarks.verify.checks import MAX_DETAIL, verify
from sectow_benchmarks.verify.findings import Finding, failed, not_checked, ok
from sectow_benchmarks.verify.folder import open_run
from sectow_env.errors import SectowError, quoted
from sectow_env.files import file_digest

MAX_ROWS, MAX_TABLE_BYTES = 2_000_000, 2**31
NOT_OF_THE_SAMPLES: Mapping[str, Any] = {
    **dict.fromkeys(("evidence", "evaluation", "base", "samples", "by", "defence"), True),
    "model": {"name"},
}
"""Fields that the samples cannot show."""
DIGITS = 9
"""Another version of a library may round the last digits differently."""


def recompute(folder: Path | None, entry: Entry) -> tuple[Finding, bool]:
    """What came out, and whether the entry is verified."""
    if folder is None:
        if entry.samples is not None:
            return failed("it names samples, and there are none beside it"), False
        return not_checked("no samples are beside it"), False
    try:
        why = _too_large(folder) or _damaged(folder, entry)
        return (failed(why), False) if why else _against(folder, entry)
    except SectowError as error:
        return failed(f"{error.given}: {error.why}"), False
    except Exception as error:  # noqa: BLE001  (samples of strangers may break anything: a finding)
        return failed(f"{type(error).__name__}: {quoted(error)}"), False


def _too_large(folder: Path) -> str:
    """Why the tables would not fit; empty if they do. By their own word, before one is read."""
    from pyarrow.parquet import ParquetFile

    for name in TABLES:
        with ParquetFile(folder / name) as table:
            about = table.metadata
            size = sum(
                about.row_group(number).total_byte_size for number in range(about.num_row_groups)
            )
        if about.num_rows > MAX_ROWS or size > MAX_TABLE_BYTES:
            return f"{name} has more than {MAX_ROWS} rows or {MAX_TABLE_BYTES // 2**30} GiB"
    return ""


def _damaged(folder: Path, entry: Entry) -> str:
    """Why the samples are not those that were sealed and named; empty if they are."""
    damage = broken(folder, SEALED)
    if damage:
        return damage[0]
    if file_digest(folder / SUMS) != entry.samples:
        return "the samples beside it are others than it names"
    return ""


def _against(folder: Path, entry: Entry) -> tuple[Finding, bool]:
    run = open_run(folder)
    changed = _changed(entry, entry_of(run))
    if changed:
        return failed(f"the samples give another {', '.join(changed)}"), False
    if (run.samples["scenario"] == "").any():
        return ok("its figures come out again, of samples without their texts"), False
    results = verify(run)
    outcomes = {
        outcome: [result for result in results if result.outcome == outcome]
        for outcome in ("failed", "unverified")
    }
    if outcomes["failed"]:
        names = "; ".join(f"{result.name}: {result.detail}" for result in outcomes["failed"])
        return failed(f"sectow verify found {names}"[:MAX_DETAIL]), False
    if outcomes["unverified"]:
        names = ", ".join(result.name for result in outcomes["unverified"])
        return ok(f"its figures come out again; sectow verify needs more for {names}"), False
    return ok("its figures come out again, and sectow verify is green"), True


def _changed(entry: Entry, again: Entry) -> list[str]:
    """Fields that the samples show otherwise."""
    first, second = (
        _rounded(json.loads(each.model_dump_json(exclude=dict(NOT_OF_THE_SAMPLES))))
        for each in (entry, again)
    )
    changed = [key for key in first if first[key] != second[key]]
    if entry.defence != again.defence and (again.defence, entry.defence) != ("none", "trained"):
        changed.append("defence")
    return changed


def _rounded(tree: Any) -> Any:
    if isinstance(tree, float):
        return round(tree, DIGITS)
    if isinstance(tree, dict):
        return {key: _rounded(value) for key, value in tree.items()}
    return [_rounded(value) for value in tree] if isinstance(tree, list) else tree
