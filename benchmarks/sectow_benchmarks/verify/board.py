"""The board beside an evaluation: its files follow from its JSON, and that from the samples."""

from __future__ import annotations

from pathlib import Path

from sectow_benchmarks.board.board import board, row_of
from sectow_benchmarks.board.entry import Board, BoardRow, Gates
from sectow_benchmarks.board.files import files_of
from sectow_benchmarks.report.public import NUMBERED, public_runs
from sectow_benchmarks.report.transcripts import FOLDER
from sectow_benchmarks.results.checksums import SUMS, irregular
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.verify.evidence import Evidence
from sectow_benchmarks.verify.findings import Finding, failed, not_checked, ok, unverified
from sectow_env.reading import read_model, read_text

OF_THE_PAGE = ("index.html", "figures.md", FOLDER)
"""What is in a report beside the board."""
OF_OTHERS = (
    *("rank", "rank_interval", "not_ranked_because", "forgotten_not_refused"),
    *("base", "capability_retention", "capability_change"),
)
"""Fields of a row that depend on the other rows of the board, or on its base."""


def check_board(evidence: Evidence) -> Finding:
    """The row on the board beside it comes out again from the samples, and its files from it."""
    run, folder = evidence.run, evidence.run.path / "report"
    file = folder / "leaderboard.json"
    if not file.is_file() or file.is_symlink():
        return not_checked("there is no report beside the samples")
    written = read_model(file, Board, follow=False)
    base = _base_inside(run)
    runs = [each for each in (base, run) if each is not None]
    if written.profile == "public":
        runs = public_runs(runs)
    name = runs[-1].name
    rows = [row for row in written.rows if NUMBERED.sub("", row.name) == NUMBERED.sub("", name)]
    if len({row.name for row in written.rows}) < len(written.rows):
        return failed("the board beside it has two rows of one name")
    if not rows:
        return failed(f"the board beside it has no row called {name!r}")
    again = row_of(runs[-1], runs[-1])
    changed = [_changed(row, again, {"name", *OF_OTHERS}) for row in rows]
    if all(changed):
        return failed(f"the samples give another {', '.join(changed[0])}")
    finding = _rebuilt(written, runs)
    if finding.outcome == "ok" and (unlike := _unlike(written, folder)):
        return failed(f"in the report beside it, {' and '.join(unlike)}")
    return finding


def _rebuilt(written: Board, runs: list[EvaluationRun]) -> Finding:
    """The whole board anew, where all of its evaluations are here."""
    runs = [run for run in runs if run.name in {row.name for row in written.rows}]
    if len(runs) < len(written.rows):
        return ok("its row on the board comes out again; the others, and its rank, were not made")
    if written.gates != Gates():
        return unverified("its rows were ranked within other gates than those of this version")
    whole = Board(profile=written.profile, gates=written.gates, rows=tuple(board(runs)))
    for row, again in zip(written.rows, whole.rows, strict=True):
        if changed := _changed(row, again, set()):
            return failed(f"the samples give another {', '.join(changed)} of {row.name!r}")
    return ok("the board comes out again, its ranks and reasons too")


def _unlike(written: Board, folder: Path) -> list[str]:
    """Files of the board that are missing or not made of its JSON, and files of nobody."""
    unlike, files = [], files_of(written)
    for name, text in files.items():
        file = folder / name
        plain = file.is_file() and not file.is_symlink()
        if not plain or read_text(file, follow=False) != text:
            unlike.append(f"{name} does not follow from leaderboard.json")
    present = {path.name for path in folder.iterdir()}
    strangers = sorted(present - {*files, *OF_THE_PAGE})
    return unlike + [f"{name} is not a part of a report" for name in strangers]


def _changed(row: BoardRow, again: BoardRow, skipped: set[str]) -> list[str]:
    first, second = (each.model_dump(mode="json", exclude=skipped) for each in (row, again))
    return [name for name in first if first[name] != second[name]]


def _base_inside(run: EvaluationRun) -> EvaluationRun | None:
    """The base that was measured with it, if its files are plain ones."""
    folder = run.path / "base"
    if irregular(run.path, ("base",)) or not (folder / SUMS).is_file():
        return None
    return None if irregular(folder, (*SEALED, SUMS)) else EvaluationRun.open(folder)
