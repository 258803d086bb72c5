"""The command `sectow bench`."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from sectow_agents.processes import own_share
from sectow_benchmarks.board.columns import Group
from sectow_benchmarks.commands.judge_options import (
    AlsoJudge,
    DefenderPrice,
    JudgeLimit,
    JudgePrice,
    Published,
    judge_settings,
    print_plan,
)
from sectow_benchmarks.commands.models import Request, Subject, measure_all
from sectow_benchmarks.commands.options import (
    AllColumns,
    AsJson,
    AttackerName,
    Attacks,
    Base,
    BatchSize,
    Columns,
    Defences,
    DryRun,
    Include,
    Judge,
    Limit,
    Models,
    Name,
    Out,
    PerCell,
    PerKind,
    Profile,
    ProfileOption,
    Resume,
    Seed,
    Split,
    Suites,
    System,
    Task,
    Template,
    Tokens,
    WorldName,
)
from sectow_benchmarks.commands.report import finish, groups_of
from sectow_benchmarks.commands.runs import compare, freeze
from sectow_benchmarks.evaluation.ground import home_of
from sectow_benchmarks.studies.card.command import card
from sectow_benchmarks.studies.coverage.command import coverage
from sectow_benchmarks.studies.crossplay.command import crossplay
from sectow_benchmarks.studies.exploit.command import exploit
from sectow_benchmarks.suites.group_table import QUICK
from sectow_env.display.console import note, print_json, say
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.resolve.names import check_names

FAILED = 1
"""The status where a model was not measured."""

bench = typer.Typer(
    help="Measure safety, over-refusal and capability.",
    invoke_without_command=True,
    no_args_is_help=True,
)


@bench.callback()
def measure_models(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    context: typer.Context,
    model: Models = None,
    defence: Defences = None,
    world: WorldName = None,
    attacker: AttackerName = None,
    attacker_template: Template = None,
    base: Base = None,
    per_cell: PerCell = 0,
    per_kind: PerKind = 50,
    split: Split = "train,test",
    max_new_tokens: Tokens = 32,
    system: System = None,
    judge: Judge = None,
    also_judge: AlsoJudge = None,
    published: Published = None,
    judge_limit: JudgeLimit = 0,
    suites: Suites = None,
    task: Task = None,
    include: Include = None,
    attacks: Attacks = None,
    limit: Limit = 0,
    batch_size: BatchSize = "auto",
    seed: Seed = 0,
    name: Name = None,
    out: Out = None,
    resume: Resume = False,
    dry_run: DryRun = False,
    price: DefenderPrice = None,
    judge_price: JudgePrice = None,
    profile: ProfileOption = "public",
    columns: Columns = None,
    all_columns: AllColumns = False,
    as_json: AsJson = False,
) -> None:
    """Measure safety, over-refusal and capability of defenders, and rank them."""
    if context.invoked_subcommand is not None:
        return
    given = {
        **_ground(world, split, suites, task, include, attacks),
        **judge_settings(also_judge, published, judge_limit),
        "per_cell": per_cell,
        "per_kind": per_kind,
        "limit": limit,
        "max_new_tokens": max_new_tokens,
        "seed": seed,
        "judge": judge,
        "system": system,
    }
    how = _how(attacker, attacker_template, batch_size, resume)
    groups = groups_of(columns, everything=all_columns)
    request = Request(_required(model), defence or (), base, name, out, {**given, **how})
    subjects = request.subjects()
    _check(request, subjects, given)
    note(f"{'planning for' if dry_run else 'measuring'} {_what(request, given)}")
    if dry_run:
        _plan(subjects, attacker, given, as_json, (price, judge_price))
        return
    _measure(request, subjects, profile, groups, as_json)


bench.command("card")(card)
bench.command("compare")(compare)
bench.command("coverage")(coverage)
bench.command("crossplay")(crossplay)
bench.command("exploit")(exploit)
bench.command("freeze")(freeze)


@bench.command("tasks-path")
def show_tasks_path(as_json: AsJson = False) -> None:
    """Print the folder of the task pack, for lm-eval's --include_path."""
    from sectow_benchmarks.tasks import tasks_path

    path = str(tasks_path())
    if as_json:
        print_json({"path": path})
    else:
        say(path)


def _check(request: Request, subjects: Sequence[Subject], given: Mapping[str, Any]) -> None:
    """Find misspelt names and paths before anything heavy is imported."""
    from sectow_benchmarks.evaluation.task_names import check_task_names
    from sectow_benchmarks.results.attack_packs import AttackPack
    from sectow_benchmarks.suites.groups import expand

    check_names(
        world=given["world"],
        judge=given["judge"],
        attackers=[request.settings["attacker"]],
        defenders=[subject.model for subject in subjects],
    )
    # Whose data are not here is said once, before any model is loaded.
    homeless = given["world"] is None and None in map(home_of, request.models)
    for judge in given["also"]:
        check_names(judge=judge)
    expand(given["suites"] or ((QUICK,) if homeless else ()), given["tasks"])
    for folder in given["include"]:
        if not folder.is_dir():
            raise ConfigError(
                given=f"--include-path {folder}",
                why="there is no such folder",
                fix="give a folder that has YAML files of tasks",
            )
    check_task_names(given["tasks"], given["include"])
    if given["attacks"] is not None:
        AttackPack.read(Path(given["attacks"]))


def _check_folders(request: Request, subjects: Sequence[Subject]) -> None:
    """Find what is written over, or cannot be compared with, before anything is measured."""
    from sectow_benchmarks.results.run import EvaluationRun

    template = request.settings["attacker_template"]
    if template is not None and request.settings["attacker"] is None:
        raise ConfigError(
            given=f"--attacker-template {template!r}",
            why="without --attacker nobody is asked by it",
            fix="give --attacker too, or leave the template out",
        )
    # Of several processes the main one makes the folder, maybe before others look at it.
    if not request.settings["resume"] and os.environ.get("RANK", "0") == "0":
        for subject in subjects:
            EvaluationRun.check_free(subject.folder)
    if request.known_base is not None and not EvaluationRun.open(request.known_base).closed:
        raise RunFolderError(
            given=f"--base {request.base}",
            why="that evaluation is unfinished",
            fix="finish it by --resume, or leave --base out",
        )


def _required(models: list[str] | None) -> list[str]:
    if not models:
        raise ConfigError(
            given="sectow bench without --model",
            why="there is nothing to measure",
            fix="give --model FOLDER_OR_ID, for example --model organism/defender",
        )
    return models


def _what(request: Request, given: Mapping[str, Any]) -> str:
    """The models, and where they are measured."""
    grounds = [given["world"] or home_of(model) or QUICK for model in request.models]
    where = given["suites"] if given["suites"] and given["world"] is None else grounds
    return f"{', '.join(request.models)} on {', '.join(dict.fromkeys(where))}"


def _plan(
    subjects: Sequence[Subject],
    attacker: str | None,
    given: Mapping[str, Any],
    as_json: bool,
    prices: tuple[str | None, str | None],
) -> None:
    """Print what would be asked of each, and ask nothing."""
    for subject in subjects:
        if len(subjects) > 1:
            note(subject.title)
        print_plan(subject.model, attacker, given, as_json, prices)


def _batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(
            given=f"--batch-size {text!r}",
            why="it is neither a number of prompts nor auto",
            fix="write for example --batch-size 32, or leave it out",
        )
    return int(text)


def _ground(
    world: str | None,
    split: str,
    suites: str | None,
    task: list[str] | None,
    include: list[Path] | None,
    attacks: Path | None,
) -> dict[str, Any]:
    """World and splits as lm-eval's metadata would name them: a seed alone is a world too."""
    from sectow_benchmarks.suites.selection import Selection

    chosen = Selection.read({"world": world or "", "split": split})
    return {
        "world": None if world is None else chosen.world,
        "splits": chosen.splits,
        "suites": None if suites is None else [part.strip() for part in suites.split(",")],
        "tasks": task or (),
        "include": include or (),
        "attacks": None if attacks is None else str(attacks),
    }


def _how(
    attacker: str | None, template: str | None, batch_size: str, resume: bool
) -> dict[str, Any]:
    return {
        "attacker": attacker,
        "attacker_template": template,
        "batch_size": _batch_size(batch_size),
        "resume": resume,
    }


def _measure(
    request: Request,
    subjects: Sequence[Subject],
    profile: Profile,
    groups: Collection[Group],
    as_json: bool,
) -> None:
    """Measure them, and report what came of it."""
    _check_folders(request, subjects)
    measured = measure_all(request, subjects)
    if own_share().main and (measured.runs or measured.base is not None):
        target = request.folder / "report"
        finish(measured.runs, target, profile, as_json, base=measured.base, groups=groups)
    if measured.failures:
        raise typer.Exit(FAILED)
