"""The command `sectow bench`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from sectow_agents.processes import own_share
from sectow_benchmarks.commands.judge_options import (
    AlsoJudge,
    DefenderPrice,
    JudgeLimit,
    JudgePrice,
    Published,
    judge_settings,
    print_plan,
)
from sectow_benchmarks.commands.options import (
    AsJson,
    AttackerName,
    Attacks,
    Base,
    BatchSize,
    DryRun,
    Include,
    Judge,
    Limit,
    Model,
    Name,
    Out,
    PerCell,
    PerKind,
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
from sectow_benchmarks.commands.report import finish
from sectow_benchmarks.commands.runs import compare, freeze
from sectow_benchmarks.evaluation.progress import progress_bar
from sectow_benchmarks.studies.card.command import card
from sectow_benchmarks.studies.coverage.command import coverage
from sectow_benchmarks.studies.crossplay.command import crossplay
from sectow_benchmarks.studies.exploit.command import exploit
from sectow_env.display.console import note, print_json, say
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.files import folder_name
from sectow_env.resolve.names import check_names

if TYPE_CHECKING:
    from sectow_benchmarks.results.run import EvaluationRun

bench = typer.Typer(
    help="Measure safety, over-refusal and capability.",
    invoke_without_command=True,
    no_args_is_help=True,
)


@bench.callback()
def measure_model(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    context: typer.Context,
    model: Model = None,
    world: WorldName = "apothecary:0",
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
    as_json: AsJson = False,
) -> None:
    """Measure safety, over-refusal and capability of a defender."""
    if context.invoked_subcommand is not None:
        return
    model = _required(model)
    given = {
        **_ground(world, split),
        "suites": None if suites is None else [part.strip() for part in suites.split(",")],
        "tasks": task or (),
        "include": include or (),
        "per_cell": per_cell,
        "per_kind": per_kind,
        "max_new_tokens": max_new_tokens,
        "system": system,
        "judge": judge,
        **judge_settings(also_judge, published, judge_limit),
        "attacks": None if attacks is None else str(attacks),
        "limit": limit,
        "seed": seed,
    }
    _check(model, base, attacker, given)
    if dry_run:
        print_plan(model, attacker, given, as_json, (price, judge_price))
        return
    folder, size = out or Path("runs/bench") / folder_name(name or model), _batch_size(batch_size)
    request = _Request(model, base, attacker, attacker_template, name, size, resume)
    runs = _measured(request, given, folder)
    if own_share().main:
        finish(runs, folder / "report", profile, as_json)


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


def _check(model: str, base: str | None, attacker: str | None, given: Mapping[str, Any]) -> None:
    """Find misspelt names and paths before anything heavy is imported."""
    from sectow_benchmarks.evaluation.task_names import check_task_names
    from sectow_benchmarks.results.attack_packs import AttackPack
    from sectow_benchmarks.suites.registry import check_suite_names

    others = [] if base is None or _evaluation(base) is not None else [base]
    check_names(
        world=given["world"],
        judge=given["judge"],
        attackers=[attacker],
        defenders=[model, *others],
    )
    for judge in given["also"]:
        check_names(judge=judge)
    check_suite_names(given["suites"] or ())
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


def _check_folders(request: _Request, folder: Path) -> None:
    """Find what is written over, or cannot be compared with, before anything is measured."""
    from sectow_benchmarks.results.run import EvaluationRun

    if request.template is not None and request.attacker is None:
        raise ConfigError(
            given=f"--attacker-template {request.template!r}",
            why="without --attacker nobody is asked by it",
            fix="give --attacker too, or leave the template out",
        )
    # Of several processes the main one makes the folder, maybe before others look at it.
    if not request.resume and os.environ.get("RANK", "0") == "0":
        EvaluationRun.check_free(folder)
    if request.known_base is not None and not EvaluationRun.open(request.known_base).closed:
        raise RunFolderError(
            given=f"--base {request.base}",
            why="that evaluation is unfinished",
            fix="finish it by --resume, or leave --base out",
        )


def _required(model: str | None) -> str:
    if model is None:
        raise ConfigError(
            given="sectow bench without --model",
            why="there is nothing to measure",
            fix="give --model FOLDER_OR_ID, for example --model organism/defender",
        )
    return model


def _evaluation(base: str | None) -> Path | None:
    """The folder that a base is, where it was measured before."""
    return None if base is None or not (Path(base) / "run.json").exists() else Path(base)


class _Request(NamedTuple):
    """Who is measured, and where it goes."""

    model: str
    base: str | None
    attacker: str | None
    template: str | None
    name: str | None
    batch_size: int | None
    resume: bool

    @property
    def known_base(self) -> Path | None:
        """The base's evaluation, where there is one."""
        return _evaluation(self.base)


def _measured(request: _Request, given: dict[str, Any], folder: Path) -> list[EvaluationRun]:
    """The evaluation of a model, and that of its base beside it."""
    note(f"measuring {request.model} on {given['world']}")
    _check_folders(request, folder)
    from sectow_benchmarks.api import evaluate
    from sectow_benchmarks.results.run import EvaluationRun

    known = request.known_base
    # The model first: its folder must be empty when it begins, and contains the base's.
    todo = [(request.model, request.name, folder)]
    if request.base is not None and known is None:
        todo.append((request.base, None, folder / "base"))
    measured = []
    for policy, name, path in todo:
        with progress_bar() as report:
            loaded = evaluate(
                policy,
                name=name,
                out=path,
                attacker=request.attacker,
                attacker_template=request.template,
                batch_size=request.batch_size,
                resume=request.resume,
                progress=report,
                **given,
            )
        measured.append(loaded.run)
    if known is not None:
        return [EvaluationRun.open(known), *measured]
    # Reports want the base first.
    return list(reversed(measured))


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


def _ground(world: str, split: str) -> dict[str, Any]:
    """World and splits as lm-eval's metadata would name them: a seed alone is a world too."""
    from sectow_benchmarks.suites.selection import Selection

    chosen = Selection.read({"world": world, "split": split})
    return {"world": chosen.world, "splits": chosen.splits}
