"""The files of an evaluation: plain ones, as they were sealed, and none that joined later."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from sectow_benchmarks.results.checksums import SUMS, broken, irregular
from sectow_benchmarks.results.run import KEPT, SEALED, TABLES, EvaluationRun
from sectow_benchmarks.verify.evidence import Evidence
from sectow_benchmarks.verify.findings import Finding, failed, ok
from sectow_env.errors import RunFolderError

OWN = ("run.json", *TABLES, SUMS, "pictures/*.png", "costs/*.json", "lm_eval/lm_eval.json")
BESIDE = ("report", "report-*", "base", "responses", "shards")
"""Folders that later commands write or a killed one leaves: reports, the base's evaluation."""
PARTIAL = ".*.partial"
"""What was cut off while it was written: nobody reads it."""


def open_run(folder: Path) -> EvaluationRun:
    """Read an evaluation from somebody else's folder.

    Raises:
        RunFolderError: There is none, or its run.json is no plain file or cannot be read.
    """
    odd = irregular(folder, ("run.json",))
    if odd:
        raise RunFolderError(
            given=f"the evaluation in {folder}",
            why=odd[0],
            fix="give the folder as sectow bench wrote it",
        )
    try:
        return EvaluationRun.open(folder)
    except RecursionError as error:
        raise RunFolderError(
            given=f"the run.json in {folder}",
            why="it is nested too deeply",
            fix="give the folder as sectow bench wrote it",
        ) from error


def check_files(evidence: Evidence) -> Finding:
    """Every file is plain and what was sealed, and no file has joined them."""
    path = evidence.run.path
    findings = odd_files(evidence)
    if not findings:
        findings = broken(path, SEALED)
        findings += [f"{name} does not belong to an evaluation" for name in _strangers(path)]
    if not findings:
        return ok("every file is what was sealed")
    more = f" and {len(findings) - 5} more" if len(findings) > 5 else ""
    return failed("; ".join(findings[:5]) + more)


def odd_files(evidence: Evidence) -> list[str]:
    """What is no plain file, and must not be opened."""
    return irregular(evidence.run.path, (*SEALED, SUMS))


def _strangers(folder: Path) -> Iterator[str]:
    """Names of files and folders that no command of ours writes there."""
    for path in sorted(folder.iterdir()):
        plain = stat.S_ISDIR(path.lstat().st_mode)
        if plain and any(fnmatch(path.name, free) for free in BESIDE):
            continue
        inside = path.rglob("*") if plain and path.name in KEPT else [path]
        for file in sorted(inside):
            name = file.relative_to(folder).as_posix()
            hidden, deep = file.name.startswith("."), name.count("/") > 1
            known = any(fnmatch(name, own) for own in OWN) and not hidden and not deep
            if not known and not fnmatch(file.name, PARTIAL):
                yield name
