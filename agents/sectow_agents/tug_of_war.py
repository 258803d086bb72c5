"""The Secure Tug-of-War (SecTOW, arXiv 2507.22037, section on iterative training), as a loop.

    for each round:
        attacker phase      the attacker is trained against the frozen defender
        pool expansion      what the attacker found, and what the trained attacker finds, is kept
        monitor
        defender phase      the defender is trained on the pool, mixed with harmless data
        monitor             a defender that over-refuses or answers wrong is marked, rolled
                            back, or the last one

The paper trains by GRPO. Ours, not the paper's: the stratification by channel, the gate, the pool's
rule for duplicates. Several processes play the same loop: all of them train, the main one plays,
measures and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sectow_agents.algorithms.job import PhaseReport
from sectow_agents.phases.attacker import sample_attacks, train_attacker
from sectow_agents.phases.defender import train_defender, training_sources
from sectow_agents.processes import loss_named, own_share
from sectow_agents.run.folder import Finished
from sectow_agents.run.monitor import Quality
from sectow_agents.run.parts import Parts
from sectow_agents.run.run import Run, RunSummary
from sectow_agents.settings.run_config import RunConfig
from sectow_env.game import Episode, Seat


class Callback(Protocol):
    """Follows a run, for evaluation and reports; called in every process, see `run.share`."""

    def on_start(self, run: Run) -> None:
        """The run is set up; a resumed one may have finished phases already."""

    def on_phase_end(self, run: Run, report: PhaseReport) -> None:
        """A phase is finished and saved.

        When the run is killed in here, the resumed run calls again, with a report without episodes.
        """

    def on_end(self, run: Run) -> None:
        """The last phase is finished."""


Phase = Callable[[Run, int], tuple[PhaseReport, Finished]]
"""Plays a seat's phase of a round: returns its report, and its record for the state."""


class TugOfWar:
    """Trains attacker and defender in turn.

    Args:
        config: All settings.
        callbacks: Called in order.
        phases: What a seat's phase does; default: train it, as below.
        measure_base: What the monitor sees before any training.
        parts: Those that the settings name, where they were looked up before.
    """

    def __init__(
        self,
        config: RunConfig,
        callbacks: Sequence[Callback] = (),
        phases: Mapping[Seat, Phase] | None = None,
        measure_base: Callable[[Run], Quality] | None = None,
        parts: Parts | None = None,
    ) -> None:
        self.config = config
        self.callbacks = tuple(callbacks)
        self.phases = PHASES if phases is None else phases
        self.parts = parts
        self.measure_base = base_quality if measure_base is None else measure_base

    def run(self, resume: bool = False) -> RunSummary:
        """Play all rounds.

        Args:
            resume: Continue after the last finished phase of the run in the folder; it ends like an
                uninterrupted one.

        Raises:
            RunFolderError: The folder does not fit.
            SectowError: A setting cannot work.
        """
        with loss_named(own_share()), Run(self.config, resume, self.parts) as run:
            for callback in self.callbacks:
                callback.on_start(run)
            if run.state.base is None:
                run.save_base(run.share.from_main(lambda: self.measure_base(run)))
            for number in range(1, run.rounds + 1):
                for seat in run.seats:
                    self._play(run, number, seat)
            for callback in self.callbacks:
                callback.on_end(run)
            return run.summary()

    def _play(self, run: Run, number: int, seat: Seat) -> None:
        """One phase with all that belongs to it, unless it is finished or the run was stopped."""
        done = run.find(seat, number)
        if done is None:
            if run.state.stopped:
                return
            run.release()
            report, done = self.phases[seat](run, number)
            done = run.finish(done)
        else:
            report = PhaseReport(done.summary)
        if not done.reported:
            for callback in self.callbacks:
                callback.on_phase_end(run, report)
            run.mark_reported(done)


def base_quality(run: Run) -> Quality:
    """What the monitor sees before any training."""
    return run.measure(run.base("defender"), run.base("attacker"))


def attacker_phase(run: Run, number: int) -> tuple[PhaseReport, Finished]:
    """Train the attacker against the frozen defender, and put what it finds into the pool."""
    scenarios = run.world.scenarios("train", harmful=True, channels=run.channels)
    with run.staged("attacker", number) as out:
        job = run.job("attacker", number, out)
        template = run.config.attacker.template
        report = train_attacker(job, scenarios, template, run.opponent(number), run.referee())

    def expand_and_measure() -> Finished:
        # A resumed run may find what the killed one had added.
        run.pool.drop_round(number)
        episodes = [*report.episodes, *_expansion(run, number)]
        admitted = run.pool.add(episodes, round=number).admitted
        quality = run.measure(run.snapshots("defender")[-1], run.checkpoint("attacker", number))
        return Finished(summary=report.summary, quality=quality, admitted=admitted)

    return report, run.share.from_main(expand_and_measure)


def defender_phase(run: Run, number: int) -> tuple[PhaseReport, Finished]:
    """Train the defender on the pool and harmless data, and ask the monitor whether it may pass."""
    settings, seed = run.config.defender, run.seed(number, "defender", "data")
    sources = training_sources(run.world, run.pool, settings.mix, seed)
    with run.staged("defender", number) as out:
        report = train_defender(run.job("defender", number, out), sources, settings, run.referee())

    def measure() -> Finished:
        quality = run.measure(run.checkpoint("defender", number), run.snapshots("attacker")[-1])
        return run.judged(report.summary, quality)

    return report, run.share.from_main(measure)


def _expansion(run: Run, number: int) -> list[Episode]:
    """What the trained attacker finds when it tries all training scenarios."""
    scenarios = run.world.scenarios("train", harmful=True, channels=run.channels)
    return sample_attacks(
        run.attacker(run.checkpoint("attacker", number), run.seed(number, "expansion")),
        run.defender(run.snapshots("defender")[-1], run.seed(number, "expansion", "defender")),
        scenarios,
        run.config.pool.per_scenario,
        run.referee(),
    )


PHASES: Mapping[Seat, Phase] = {"attacker": attacker_phase, "defender": defender_phase}
