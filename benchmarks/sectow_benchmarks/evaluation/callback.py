"""Evaluation inside a training run: before it, after every attacker, after every defender."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sectow_benchmarks.evaluation.measure import Progress, measure
from sectow_benchmarks.evaluation.policies import AttackerUnderTest, DefenderUnderTest
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.checksums import SUMS
from sectow_benchmarks.results.provenance import describe_weights
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.errors import ConfigError
from sectow_env.resolve.policies import weights_of

if TYPE_CHECKING:
    from sectow_agents.algorithms.job import PhaseReport
    from sectow_agents.run.run import Run

FOLDER = "evaluations"
BASE = "base"
OnEvaluation = Callable[[EvaluationRun], None]


@dataclass(frozen=True)
class Evaluations:
    """The finished evaluations of a training run, in order."""

    defenders: tuple[EvaluationRun, ...]
    """The base and the defender after each round."""
    attacks: tuple[EvaluationRun, ...]
    """All of them with an attacker, those that measured nothing else too."""


class Evaluate:
    """A callback of `TugOfWar` that measures with lm-eval and with the attackers.

    Args:
        settings: What is asked; world, judge and system prompt are taken from the run.
        every_round: Measure each round's defender, or only the last one.
        progress: Called with the progress of a measurement.
        on_evaluation: Called with each finished evaluation.
    """

    def __init__(
        self,
        settings: MeasureSettings,
        *,
        every_round: bool = True,
        progress: Progress | None = None,
        on_evaluation: OnEvaluation | None = None,
    ) -> None:
        self.settings = settings
        self.every_round = every_round
        self._progress = progress
        self._on_evaluation = on_evaluation

    def on_start(self, run: Run) -> None:
        """Measure the base, with the base attacker."""
        self._measure(run, BASE, BASE, run.base("defender"), run.base("attacker"))

    def on_phase_end(self, run: Run, report: PhaseReport) -> None:
        """Measure what a phase left: an attacker on the defender that it met, a defender on all."""
        number, seat = report.summary.round, report.summary.seat
        defender, attacker = run.snapshots("defender")[-1], run.snapshots("attacker")[-1]
        if seat == "attacker":
            name, folder = f"round {number} attacker", f"round-{number}-attacker"
            self._measure(run, name, folder, defender, attacker, only=True)
        elif self.every_round or number == run.rounds or run.state.stopped:
            # The defender that the phase made, also when the gate sent the run back behind it.
            made = run.checkpoint("defender", number)
            self._measure(run, f"round {number}", f"round-{number}", made, attacker)

    def on_end(self, run: Run) -> None:
        """Nothing is left to measure."""

    def _measure(
        self,
        run: Run,
        name: str,
        folder: str,
        defender: str | Path,
        attacker: str | Path,
        *,
        only: bool = False,
    ) -> None:
        """Measure one pair of policies, unless that is done; `only` leaves out the grid."""
        policy = run.defender(defender, run.seed("evaluation"))
        settings = self.settings.model_copy(
            update={
                "world": run.config.played,
                "judge": run.config.judge,
                "system": run.config.defender.system,
            }
            | ({"decodings": ()} if only else {})
        )
        evaluation = measure(
            DefenderUnderTest(policy, _seat_name(run, defender, policy)),
            settings,
            run.folder / FOLDER / folder,
            name=name,
            attacker=_attacker(run, attacker),
            world=run.world,
            resume=True,
            progress=self._progress,
        )
        if self._on_evaluation is not None:
            self._on_evaluation(evaluation)


def read_evaluations(folder: Path) -> Evaluations:
    """The finished evaluations of a training run.

    Raises:
        ConfigError: There is none.
        RunFolderError: One cannot be read.
    """
    files = sorted((folder / FOLDER).glob(f"*/{SUMS}"), key=_order)
    runs = [EvaluationRun.open(file.parent) for file in files]
    defenders = tuple(run for run in runs if run.about["settings"].get("decodings"))
    if not defenders:
        raise ConfigError(
            given=f"the run folder {folder}",
            why="it holds no finished evaluation",
            fix="measure its checkpoints with sectow bench --model, or train with sectow demo",
        )
    return Evaluations(defenders, tuple(run for run in runs if run.about.get("attacker")))


def _order(file: Path) -> tuple[int, int, str]:
    """Base first, then by round; in a round the attacker comes before the defender."""
    name = file.parent.name
    parts = name.split("-")
    number = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 0
    return (0 if name == BASE else 1 + number, int(len(parts) < 3), name)


def _attacker(run: Run, given: str | Path) -> AttackerUnderTest:
    policy = run.attacker(given, run.seed("evaluation"))
    weights = weights_of(policy)
    source = None if weights is None else weights.source
    return AttackerUnderTest(policy, describe_weights(_seat_name(run, given, policy), source))


def _seat_name(run: Run, given: str | Path, policy: object) -> str:
    """What a seat's policy is called in tables: its spec, `base`, or the round that made it."""
    if weights_of(policy) is None:
        return str(given)
    path = Path(given)
    return f"round {path.parent.name}" if path.is_relative_to(run.folder) else BASE
