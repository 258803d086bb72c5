"""The Secure Tug-of-War (SecTOW, arXiv 2507.22037, section on iterative training), as a loop.

    for each round:
        attacker phase      GRPO of the attacker against the frozen defender
        pool expansion      what the attacker found, and what the trained attacker finds, is kept
        monitor
        defender phase      GRPO of the defender on the pool, mixed with harmless data
        monitor             a defender that over-refuses or answers wrong is marked, undone, or last

Ours, not the paper's: the stratification by channel, the gate, the pool's rule for duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sectow_agents.algorithms.job import PhaseReport
from sectow_agents.phases.attacker import sample_attacks, train_attacker
from sectow_agents.phases.defender import train_defender, training_sources
from sectow_agents.run.folder import Finished
from sectow_agents.run.run import Run, RunSummary
from sectow_agents.settings.run_config import RunConfig
from sectow_env.game import Episode, Seat


class Callback(Protocol):
    """Is told how a run goes: for evaluation and reports."""

    def on_start(self, run: Run) -> None:
        """The run is set up; a resumed one may have finished phases already."""
        ...

    def on_phase_end(self, run: Run, report: PhaseReport) -> None:
        """A phase is finished and saved.

        When the run is killed in here, the resumed run calls again, with a report without episodes.
        """
        ...

    def on_end(self, run: Run) -> None:
        """The last phase is finished."""
        ...


class TugOfWar:
    """Trains attacker and defender in turn.

    Args:
        config: All settings.
        callbacks: Are told in order.
    """

    def __init__(self, config: RunConfig, callbacks: Sequence[Callback] = ()) -> None:
        self.config = config
        self.callbacks = tuple(callbacks)

    def run(self, resume: bool = False) -> RunSummary:
        """Play all rounds.

        Args:
            resume: Go on after the last finished phase of the run in the folder; it ends like an
                uninterrupted one.

        Raises:
            RunFolderError: The folder does not fit.
            SectowError: A setting cannot work.
        """
        with Run(self.config, resume) as run:
            for callback in self.callbacks:
                callback.on_start(run)
            if run.state.base is None:
                _measure_base(run)
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
            phase = attacker_phase if seat == "attacker" else defender_phase
            report, done = phase(run, number)
            _finish(run, done)
        else:
            report = PhaseReport(done.summary)
        if not done.told:
            for callback in self.callbacks:
                callback.on_phase_end(run, report)
            _mark_told(run, done)


def attacker_phase(run: Run, number: int) -> tuple[PhaseReport, Finished]:
    """Train the attacker against the frozen defender, and put what it finds into the pool."""
    scenarios = run.world.scenarios("train", harmful=True, channels=run.channels)
    with run.staged("attacker", number) as out:
        job = run.job("attacker", number, out)
        template = run.config.attacker.template
        report = train_attacker(job, scenarios, template, run.opponent(number), run.referee())
    trained, defender = run.checkpoint("attacker", number), run.snapshots("defender")[-1]
    # A resumed run may find what the killed one had added.
    run.pool.drop_round(number)
    found = [*report.episodes, *_expansion(run, number)]
    admitted = run.pool.add(found, round=number).admitted
    quality = run.measure(defender, trained)
    return report, Finished(summary=report.summary, quality=quality, admitted=admitted)


def defender_phase(run: Run, number: int) -> tuple[PhaseReport, Finished]:
    """Train the defender on the pool and harmless data, and ask the monitor whether it may pass."""
    mix, seed = run.config.defender.mix, run.seed(number, "defender", "data")
    sources = training_sources(run.world, run.pool_items(), mix, seed)
    with run.staged("defender", number) as out:
        report = train_defender(run.job("defender", number, out), sources, mix, run.referee())
    attacker, trained = run.snapshots("attacker")[-1], run.checkpoint("defender", number)
    quality = run.measure(trained, attacker)
    assert run.state.base is not None, "the base is measured first"
    objections = run.monitor.objections(quality, run.state.base)
    accepted = not objections or run.config.monitor.on_gate == "keep"
    return report, Finished(
        summary=report.summary,
        quality=quality,
        objections=tuple(objections),
        accepted=accepted,
    )


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


def _measure_base(run: Run) -> None:
    quality = run.measure(run.base("defender"), run.base("attacker"))
    run.files.log({"event": "quality", "round": 0, "seat": None, **quality.figures()})
    run.files.save(run.state.model_copy(update={"base": quality}))


def _finish(run: Run, done: Finished) -> None:
    """Name a phase in the state: from here on it is finished."""
    where = {"round": done.summary.round, "seat": done.summary.seat}
    gate = {"gated": bool(done.objections), "accepted": done.accepted, "admitted": done.admitted}
    run.files.log({"event": "quality", **where, **done.quality.figures(), **gate})
    stopped = bool(done.objections) and run.config.monitor.on_gate == "stop"
    phases = (*run.state.phases, done)
    run.files.save(run.state.model_copy(update={"phases": phases, "stopped": stopped}))


def _mark_told(run: Run, done: Finished) -> None:
    told = done.model_copy(update={"told": True})
    phases = tuple(told if known == done else known for known in run.state.phases)
    run.files.save(run.state.model_copy(update={"phases": phases}))
