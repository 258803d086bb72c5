"""Phases that train nothing: the loop around them is tested in milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sectow_agents.algorithms.job import PhaseReport, Summary
from sectow_agents.run.folder import Finished
from sectow_agents.run.monitor import Quality
from sectow_agents.run.run import Run
from sectow_agents.tug_of_war import Callback, TugOfWar
from sectow_env.game import Seat
from sectow_env.game.tally import Tally, diversity
from tests.agents.recipes import toy


def quality(over_refusals: int = 0, correct: int = 10) -> Quality:
    """Ten benign requests; nothing was attacked."""
    benign = Tally(episodes=10, benign=10, over_refusals=over_refusals, graded=10, correct=correct)
    return Quality(
        benign=benign,
        benign_by_channel={},
        attacks=Tally(),
        attacks_by_channel={},
        diversity=diversity(()),
    )


class StubPhases:
    """Writes down each phase that it plays, and leaves a file of weights.

    Args:
        over_refusals: Of the trained defender, among ten benign requests.
        fail_at: A phase that is killed once its weights are written.
    """

    def __init__(self, over_refusals: int = 0, fail_at: tuple[int, Seat] | None = None) -> None:
        self.over_refusals = over_refusals
        self.fail_at = fail_at
        self.played: list[tuple[int, Seat, str]] = []

    def attacker(self, run: Run, number: int) -> tuple[PhaseReport, Finished]:
        report = self._train(run, number, "attacker")
        return report, Finished(summary=report.summary, quality=quality(), admitted=number)

    def defender(self, run: Run, number: int) -> tuple[PhaseReport, Finished]:
        report = self._train(run, number, "defender")
        return report, run.judged(report.summary, quality(self.over_refusals))

    def _train(self, run: Run, number: int, seat: Seat) -> PhaseReport:
        source = run.job(seat, number, Path()).source
        self.played.append((number, seat, Path(source).parent.name))
        with run.files.staged(seat, number) as out:
            (out / "weights").write_text(f"{number} {seat}")
        if self.fail_at == (number, seat):
            raise KeyboardInterrupt
        run.files.log({"event": "step", "round": number, "seat": seat, "step": 1})
        return PhaseReport(Summary(seat=seat, round=number, steps=1, seconds=0.0, metrics={}))


def stub_run(
    folder: Path, stub: StubPhases, *callbacks: Callback, rounds: int = 2, **monitor: Any
) -> TugOfWar:
    """A run of two rounds by stub phases, from weights that do not exist."""
    model = folder.parent / "base" / "model"
    model.mkdir(parents=True, exist_ok=True)
    (model / "config.json").write_text('{"model_type": "llava"}')
    return TugOfWar(
        toy(folder, model, model, rounds=rounds, monitor=monitor),
        callbacks,
        phases={"attacker": stub.attacker, "defender": stub.defender},
        measure_base=lambda _: quality(),
    )
