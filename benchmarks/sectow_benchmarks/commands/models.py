"""The models of one `sectow bench`: which are measured, and into which folders."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sectow_benchmarks.evaluation.ground import defended
from sectow_benchmarks.evaluation.progress import progress_bar
from sectow_env.display.console import note
from sectow_env.errors import ConfigError, SectowError
from sectow_env.files import folder_name
from sectow_env.resolve.policies import short_name

if TYPE_CHECKING:
    from sectow_benchmarks.results.run import EvaluationRun

HOME = Path("runs/bench")
BASE = "base"
JOINED = " + "
"""Between the name of a model and its defence."""


class Subject(NamedTuple):
    """A model that is measured, and where its evaluation goes."""

    model: str
    name: str | None
    """What it is called in tables; None: as the user named it."""
    folder: Path

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or short_name(self.model)


class Failure(NamedTuple):
    """A model that was not measured, and why."""

    title: str
    why: str


class Request(NamedTuple):
    """Which models are measured, and how."""

    models: Sequence[str]
    defences: Sequence[str]
    base: str | None
    name: str | None
    out: Path | None
    settings: Mapping[str, Any]
    """Of `sectow_benchmarks.api.evaluate`."""

    @property
    def folder(self) -> Path:
        """Of the one evaluation, or the one in which those of several are."""
        return self.out or HOME / folder_name(self.name or JOINED.join(self.models))

    @property
    def known_base(self) -> Path | None:
        """The base's evaluation, where it was measured before."""
        if self.base is None or not (Path(self.base) / "run.json").exists():
            return None
        return Path(self.base)

    @property
    def base_among_models(self) -> bool:
        """Whether the base is one of several models, which are measured once each."""
        return len(self.models) > 1 and self.base in self.models

    def subjects(self) -> list[Subject]:
        """The models in order, each before its defences; the base that is measured too is last.

        Raises:
            ConfigError: Two of them go by one name, or the name that was given is for one only.
        """
        bare = [(model, short_name(model)) for model in self.models]
        pairs = [
            pair
            for model, name in bare
            for pair in (
                (model, name),
                *((defended(model, each), f"{name}{JOINED}{each}") for each in self.defences),
            )
        ]
        folders = [folder_name(name) for _, name in pairs]
        twice = [name for place, (_, name) in enumerate(pairs) if folders[place] in folders[:place]]
        if twice:
            raise ConfigError(
                given=f"several models with the name {twice[0]!r}",
                why="rows of one name cannot be told apart",
                fix="measure each by itself with --name, and put them together with sectow report",
            )
        if len(pairs) == 1:
            subjects = [Subject(self.models[0], self.name, self.folder)]
        elif self.name is not None:
            raise ConfigError(
                given=f"--name {self.name!r} for {len(pairs)} models",
                why="it is the name of one row",
                fix="leave it out, or measure each by itself",
            )
        else:
            subjects = [
                Subject(model, name, self.folder / folder_name(name)) for model, name in pairs
            ]
        if self.base is not None and self.known_base is None and not self.base_among_models:
            # The model first: its folder must be empty when it begins, and contains the base's.
            subjects.append(Subject(self.base, None, self.folder / BASE))
        return subjects


class Measured(NamedTuple):
    """What came of a request."""

    runs: list[EvaluationRun]
    """Without that of the base."""
    base: EvaluationRun | None
    failures: list[Failure]


def measure_all(request: Request, subjects: Sequence[Subject]) -> Measured:
    """Measure models one at a time, each freed before the next; one that fails stops no other.

    Raises:
        SectowError: There is only one model, which could not be measured.
    """
    from sectow_benchmarks.api import evaluate
    from sectow_benchmarks.results.run import EvaluationRun

    measured: list[EvaluationRun] = []
    failures: list[Failure] = []
    for subject in subjects:
        try:
            with progress_bar() as advance:
                loaded = evaluate(
                    subject.model,
                    name=subject.name,
                    out=subject.folder,
                    progress=advance,
                    **request.settings,
                )
            measured.append(loaded.run)
        except Exception as error:
            if len(request.models) == 1 and not request.defences:
                raise
            failures.append(Failure(subject.title, _reason(error)))
            note(f"{subject.title} was not measured: {failures[-1].why}", style="bold red")
        _free()
    base = None if request.known_base is None else EvaluationRun.open(request.known_base)
    if base is None and request.base is not None:
        # The base that is measured too is last, and bare models come before their defences.
        order = subjects if request.base_among_models else subjects[-1:]
        place = next((each.folder for each in order if each.model == request.base), None)
        base = next((run for run in measured if run.path == place), None)
        measured = [run for run in measured if run is not base]
    return Measured(measured, base, failures)


def bases_of(
    runs: Sequence[EvaluationRun], base: EvaluationRun | None = None
) -> list[EvaluationRun]:
    """What each evaluation is compared with: the base; else that of the same model undefended."""
    return [base or _bare(run, runs) for run in runs]


def _bare(run: EvaluationRun, runs: Sequence[EvaluationRun]) -> EvaluationRun:
    model = run.about["model"]
    if not model.get("defence"):
        return run
    weights = (model.get("sha256"), model.get("source"))
    for other in runs:
        bare = other.about["model"]
        same = any(weights) and weights == (bare.get("sha256"), bare.get("source"))
        if not bare.get("defence") and (same or run.name.startswith(other.name + JOINED)):
            return other
    return run


def _reason(error: Exception) -> str:
    if isinstance(error, SectowError):
        return f"{error.given}: {error.why}; {error.fix}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _free() -> None:
    """Give back what the last model took, before the next is loaded."""
    gc.collect()
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
