"""The command `sectow report`: the page and the board of what was measured before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sectow_benchmarks.board.columns import GROUPS, Group
from sectow_benchmarks.board.terminal import print_report
from sectow_benchmarks.commands.models import bases_of
from sectow_benchmarks.commands.options import (
    AllColumns,
    AsJson,
    Columns,
    Out,
    Profile,
    ProfileOption,
)
from sectow_env.display.console import note
from sectow_env.errors import ConfigError, FileError, RunFolderError, SectowError, unknown
from sectow_env.reading import read_json

if TYPE_CHECKING:
    from sectow_benchmarks.report.build import Report
    from sectow_benchmarks.results.run import EvaluationRun

TRAINING = "sectow-training-run"


def report(
    folders: Annotated[
        list[Path],
        typer.Argument(help="A training run, or evaluations and folders that contain some."),
    ],
    base: Annotated[
        Path | None, typer.Option(help="An evaluation to compare evaluations with.")
    ] = None,
    out: Out = None,
    judge: Annotated[
        str | None,
        typer.Option(help="Id and version of another judge that looked at the evaluation."),
    ] = None,
    profile: ProfileOption = "public",
    columns: Columns = None,
    all_columns: AllColumns = False,
    as_json: AsJson = False,
) -> None:
    """Render the report of a finished run, or the board of several evaluations."""
    groups = groups_of(columns, everything=all_columns)
    target = _target(folders, out)
    if len(folders) == 1 and _is_training(folders[0]):
        note(f"rendering the report of {folders[0]}")
        print_report(training_report(folders[0], target, profile).page, as_json, groups)
        return
    from sectow_benchmarks.results.run import EvaluationRun

    # One that is named twice is one row.
    paths = {path.resolve(): path for folder in folders for path in _evaluations(folder)}
    note(f"rendering the report of {' and '.join(map(str, folders))}")
    ground = None if base is None else EvaluationRun.open(base)
    runs = [EvaluationRun.open(path) for path in paths.values()]
    runs = [run for run in runs if base is None or not run.path.samefile(base)]
    if judge is not None:
        ground = None if ground is None else ground.judged_by(judge)
        runs = [run.judged_by(judge) for run in runs]
    finish(runs, target, profile, as_json, base=ground, groups=groups)


def training_report(folder: Path, out: Path, profile: Profile) -> Report:
    """Write the page of a training run with its evaluations.

    Raises:
        SectowError: There is no run, or it has no finished evaluation.
    """
    from sectow_benchmarks.evaluation.callback import read_evaluations
    from sectow_benchmarks.report import build_report
    from sectow_benchmarks.report.story import read_story

    story = read_story(folder)
    evaluations = read_evaluations(folder)
    return build_report(
        evaluations.defenders, out, attacks=evaluations.attacks, story=story, profile=profile
    )


def finish(
    runs: Sequence[EvaluationRun],
    out: Path,
    profile: Profile,
    as_json: bool,
    *,
    base: EvaluationRun | None = None,
    groups: Collection[Group] = (),
) -> None:
    """Write the report of evaluations, and print its board.

    Args:
        runs: Closed evaluations, without the base.
        out: The folder of the report.
        profile: As in `build_report`.
        as_json: Whether the board is printed as JSON.
        base: What they are compared with; None: with the same model undefended, where it is here.
        groups: Columns that are printed beside the few.

    Raises:
        SectowError: They cannot be compared.
    """
    from sectow_benchmarks.report import build_report

    shown = _distinct([*([] if base is None else [base]), *runs])
    bases = bases_of(shown, None if base is None else shown[0])
    try:
        page = build_report(shown, out, profile=profile, bases=bases).page
    except SectowError:
        raise
    except ValueError as error:
        raise ConfigError(
            given="these evaluations",
            why=str(error),
            fix="measure both with the same world, judge and settings",
        ) from error
    print_report(page, as_json, groups)


def groups_of(columns: str | None, *, everything: bool) -> tuple[Group, ...]:
    """The groups of columns that are printed beside the few.

    Raises:
        UnknownNameError: There is no such group.
    """
    names = [] if columns is None else [name.strip() for name in columns.split(",")]
    for name in names:
        if name not in GROUPS:
            raise unknown("group of columns", name, GROUPS)
    return tuple(group for group in GROUPS if everything or group in names)


def _distinct(runs: Sequence[EvaluationRun]) -> list[EvaluationRun]:
    """The same evaluations; of two that go by one name the second gets a number."""
    from sectow_benchmarks.results.run import EvaluationRun

    names: set[str] = set()
    distinct = []
    for run in runs:
        name, number = run.name, 1
        while name in names:
            number += 1
            name = f"{run.name} ({number})"
        names.add(name)
        if name != run.name:
            renamed = EvaluationRun(run.path, {**run.about, "name": name})
            renamed.chosen_judge = run.chosen_judge
            run = renamed  # noqa: PLW2901  (the same with another name)
        distinct.append(run)
    return distinct


def _target(folders: Sequence[Path], out: Path | None) -> Path:
    """The folder that is written."""
    from sectow_benchmarks.results.checksums import irregular

    if out is not None:
        return out
    if len(folders) > 1:
        raise ConfigError(
            given=f"{len(folders)} folders without --out",
            why="the report belongs to none of them",
            fix="give --out FOLDER",
        )
    # The folder may be somebody else's, and a link in it leads the page elsewhere.
    if odd := irregular(folders[0], ("report",)):
        raise RunFolderError(
            given=f"the folder {folders[0]}",
            why=odd[0],
            fix="remove it, or give --out FOLDER",
        )
    return folders[0] / "report"


def _evaluations(folder: Path) -> list[Path]:
    """An evaluation, those of a training run, or the finished ones below a folder.

    Raises:
        RunFolderError: There is no evaluation.
    """
    if (folder / "run.json").exists():
        if not _is_training(folder):
            return [folder]
        from sectow_benchmarks.evaluation.callback import read_evaluations

        return [run.path for run in read_evaluations(folder).defenders]
    from sectow_benchmarks.results.checksums import SUMS

    below = [*folder.glob(f"*/{SUMS}"), *folder.glob(f"*/*/{SUMS}")]
    paths = sorted(file.parent for file in below if (file.parent / "run.json").is_file())
    if not paths:
        # Gives the reason.
        _kind(folder)
    return paths


def _is_training(folder: Path) -> bool:
    return (folder / "run.json").exists() and _kind(folder) == TRAINING


def _kind(folder: Path) -> str:
    try:
        about = read_json(folder / "run.json", follow=False)
    except FileError as error:
        raise RunFolderError(
            given=f"the folder {folder}",
            why=f"it contains no run that can be read: its run.json, {error.why}",
            fix="give the folder of a training run or of an evaluation",
        ) from error
    return str(about.get("kind")) if isinstance(about, dict) else ""
