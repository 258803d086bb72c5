"""`sectow demo`: the whole method on this machine, measured before and after."""

from __future__ import annotations

import resource
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from sectow_benchmarks.board.markdown import number, shown
from sectow_benchmarks.studies.presets import check_recipe, quoted, recipe
from sectow_env.display.console import Bar, note, print_json, say, stdout
from sectow_env.display.tables import Cell, print_table
from sectow_env.errors import ConfigError

if TYPE_CHECKING:
    from sectow_agents.algorithms.job import PhaseReport
    from sectow_agents.run.run import Run
    from sectow_agents.settings.run_config import RunConfig
    from sectow_benchmarks.evaluation.settings import MeasureSettings
    from sectow_benchmarks.report.build import Report
    from sectow_benchmarks.report.tables import Line
    from sectow_benchmarks.results.run import EvaluationRun

INTERRUPTED = 130
Announce = Callable[[str, str], None]
"""Prints a line in a style."""
PER_CELL, PER_KIND, TOKENS = 5, 24, 16
"""Size of an evaluation: about 20 seconds a model on two cores."""


def command(
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, as in sectow train."),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of the game.")] = 2,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Optimizer steps of each phase.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the run.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="Run folder; default: a new one in runs/.")
    ] = None,
    small: Annotated[
        bool, typer.Option("--small", help="As little as possible, to see that it runs.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Resume the demo in --out, given the same options."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures as JSON; progress goes to stderr.")
    ] = False,
) -> None:
    """Watch a small model be attacked and hardened, on this machine."""
    began = time.perf_counter()
    if resume and out is None:
        raise ConfigError(
            given="sectow demo --resume without --out",
            why="it does not say which demo to resume",
            fix="give its run folder with --out FOLDER",
        )
    config = demo_config(changes or [], rounds, steps, seed, out or _new_folder(), small)
    from sectow_agents.run.folder import RunFolder

    RunFolder.check(config, resume=resume)
    # A change may name another one.
    folder = config.run
    announce: Announce = note if as_json else say
    rounds_shown = f"{config.rounds} round{'s' if config.rounds > 1 else ''}"
    announce(f"Secure Tug-of-War: {rounds_shown} in {config.played}, run folder {folder}", "bold")
    check_recipe(config)
    try:
        evaluations = play(config, demo_settings(small), announce, resume)
    except KeyboardInterrupt:
        words = [*(changes or []), f"--rounds={rounds}", f"--seed={seed}"]
        words += [] if steps is None else [f"--steps={steps}"]
        _print_how_to_resume([*words, *(["--small"] if small else [])], folder)
        raise typer.Exit(INTERRUPTED) from None
    with Bar("rendering the page"):
        page = _report(folder)
        lines = summary(evaluations)
    minutes, memory = (time.perf_counter() - began) / 60, peak_memory()
    if as_json:
        print_json(_tree(lines, page, minutes, memory))
        return
    _print_summary(evaluations, lines)
    say(f"{minutes:.1f} minutes, peak memory {memory / 2**30:.2f} GiB")
    say(f"page: {page.page.resolve()}", "bold")


def demo_config(
    changes: list[str], rounds: int, steps: int | None, seed: int, folder: Path, small: bool
) -> RunConfig:
    """The settings of the run: those of configs/apothecary.yaml, which this package carries along.

    Raises:
        ConfigError: A change cannot work.
    """
    options = [f"rounds={rounds}", f"seed={seed}", f"run={quoted(folder)}"]
    if steps is not None:
        options += [f"{seat}.training.steps={steps}" for seat in ("attacker", "defender")]
    return recipe([*options, *changes], small)


def demo_settings(small: bool) -> MeasureSettings:
    """What an evaluation of the demo asks."""
    from sectow_benchmarks.evaluation.settings import MeasureSettings

    if small:
        return MeasureSettings(per_cell=1, per_kind=2, max_new_tokens=TOKENS)
    return MeasureSettings(per_cell=PER_CELL, per_kind=PER_KIND, max_new_tokens=TOKENS)


def play(
    config: RunConfig, settings: MeasureSettings, announce: Announce, resume: bool = False
) -> list[EvaluationRun]:
    """Play all rounds, measured before and after each; `announce` gets a line for each phase.

    Returns:
        The evaluations of the base and of each round's defender.
    """
    from sectow_agents.tug_of_war import TugOfWar
    from sectow_benchmarks.evaluation.callback import Evaluate, read_evaluations
    from sectow_benchmarks.evaluation.progress import progress_bar

    announcer = _Announcer(announce)
    with progress_bar() as progress:
        evaluate = Evaluate(settings, progress=progress, on_evaluation=announcer.evaluated)
        TugOfWar(config, [announcer, evaluate]).run(resume)
    return list(read_evaluations(config.run).defenders)


def summary(evaluations: list[EvaluationRun]) -> list[Line]:
    """Before and after, with intervals and n."""
    from sectow_benchmarks.report.tables import before_after

    return before_after(evaluations[0] if len(evaluations) > 1 else None, evaluations[-1])


def _print_summary(evaluations: list[EvaluationRun], lines: list[Line]) -> None:
    """Green where it got better, red where it got worse."""
    rows: list[list[Cell]] = [
        [
            line.title,
            line.decoding.replace("\N{NO-BREAK SPACE}", " "),
            shown(line.before, count=""),
            _after(line),
            str(line.after.n),
        ]
        for line in lines
    ]
    title = f"{evaluations[-1].name} beside {evaluations[0].name}"
    heads = ("figure", "decoding", "before", "after", "n")
    print_table(heads, rows, stdout(), title=title, keys=2)
    say("95% intervals, clustered by potion; ASR: attack success rate, lower is safer", "dim")


def _tree(lines: list[Line], page: Report, minutes: float, memory: int) -> dict[str, Any]:
    figures = [
        {
            "key": line.key,
            "figure": line.title,
            "decoding": line.decoding.replace("\N{NO-BREAK SPACE}", " "),
            "before": None if line.before is None else line.before.to_json(),
            "after": line.after.to_json(),
            "trend": line.trend,
        }
        for line in lines
    ]
    return {
        "figures": figures,
        "minutes": minutes,
        "peak_memory_bytes": memory,
        "page": str(page.page.resolve()),
    }


def peak_memory() -> int:
    """Most memory that this process has held, in bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return used if sys.platform == "darwin" else used * 1024


class _Announcer:
    """Prints the result of each phase as a line."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce

    def on_start(self, run: Run) -> None:
        """Announce the first measurement."""
        self._announce("before: measuring the base defender", "")
        self._run = run

    def on_phase_end(self, run: Run, report: PhaseReport) -> None:
        """Print the result of a phase."""
        done = run.find(report.summary.seat, report.summary.round)
        assert done is not None, "a phase that has ended is on record"
        line = f"round {report.summary.round} of {run.rounds}, {report.summary.seat}: "
        figures = done.quality.figures()
        if report.summary.seat == "attacker":
            success = number(figures.get("learned_asr"), 2)
            line += f"{done.admitted} attacks admitted, success rate {success}"
        else:
            line += (
                f"success rate {number(figures.get('learned_asr'), 2)}, over-refusal "
                f"{number(figures.get('over_refusal'), 2)}"
            )
        line += f" (validation potions, {report.summary.seconds:.0f} s)"
        self._announce(line, "")

    def on_end(self, run: Run) -> None:
        """Nothing is left to say."""

    def evaluated(self, run: EvaluationRun) -> None:
        """Print that a measurement is finished."""
        self._announce(f"measured {run.name}: {len(run.samples)} samples", "dim")


def _print_how_to_resume(options: list[str], folder: Path) -> None:
    words = ["sectow", "demo", *options, f"--out={folder}"]
    # Before there is a run.json, there is nothing to resume.
    words += ["--resume"] if (folder / "run.json").exists() else []
    note(f"interrupted; finished phases are kept. Resume with: {shlex.join(words)}", "")


def _report(folder: Path) -> Report:
    from sectow_benchmarks.commands.report import training_report

    return training_report(folder, folder / "report", "public")


def _after(line: Line) -> Text:
    style = {"good": "green", "bad": "red"}.get(line.trend, "")
    return Text(shown(line.after, count=""), style=style)


def _new_folder() -> Path:
    """The first free folder of runs/demo, runs/demo-2 and so on."""
    number = 1
    while (folder := Path("runs") / ("demo" if number == 1 else f"demo-{number}")).exists():
        number += 1
    return folder
