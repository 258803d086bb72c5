"""The command `sectow report`: the page and the board of what was measured before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sectow_benchmarks.board.terminal import print_report
from sectow_benchmarks.commands.options import AsJson, Out, Profile, ProfileOption
from sectow_env.display.console import note
from sectow_env.errors import ConfigError, FileError, RunFolderError, SectowError
from sectow_env.reading import read_json

if TYPE_CHECKING:
    from sectow_benchmarks.report.build import Report
    from sectow_benchmarks.results.run import EvaluationRun


def report(
    folder: Annotated[Path, typer.Argument(help="A training run or an evaluation.")],
    base: Annotated[
        Path | None, typer.Option(help="An evaluation to compare an evaluation with.")
    ] = None,
    out: Out = None,
    judge: Annotated[
        str | None,
        typer.Option(help="Id and version of another judge that looked at the evaluation."),
    ] = None,
    profile: ProfileOption = "public",
    as_json: AsJson = False,
) -> None:
    """Render the report of a finished run."""
    from sectow_benchmarks.results.checksums import irregular
    from sectow_benchmarks.results.run import EvaluationRun

    target = out or folder / "report"
    kind = _kind(folder)
    # The folder may be somebody else's, and a link in it leads the page elsewhere.
    if out is None and (odd := irregular(folder, ("report",))):
        raise RunFolderError(
            given=f"{odd[0].name} in {folder}",
            why=f"it {odd[0].why}",
            fix="remove it, or give --out FOLDER",
        )
    note(f"rendering the report of {folder}")
    if kind == "sectow-training-run":
        print_report(training_report(folder, target, profile).page, as_json)
        return
    runs = [EvaluationRun.open(path) for path in (base, folder) if path is not None]
    if judge is not None:
        runs = [run.judged_by(judge) for run in runs]
    finish(runs, target, profile, as_json)


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


def finish(runs: list[EvaluationRun], out: Path, profile: Profile, as_json: bool) -> None:
    """Write the report of evaluations, the base first, and print its board.

    Raises:
        SectowError: They cannot be compared.
    """
    from sectow_benchmarks.report import build_report

    try:
        report = build_report(runs, out, profile=profile)
    except SectowError:
        raise
    except ValueError as error:
        raise ConfigError(
            given="these evaluations",
            why=str(error),
            fix="measure both with the same world, judge and settings",
        ) from error
    print_report(report.page, as_json)


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
