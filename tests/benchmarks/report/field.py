"""Evaluations of suites of the field: scripted defenders on replicas, two judges, hostile words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.judging.rejudge import rejudge
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.game import Attack, Turn, Verdict
from sectow_env.worlds.apothecary.recipes import REFUSALS

SUITES = ("msts", "siuo", "vlguard", "xstest", "harmbench", "mm_safetybench", "holisafe")


class Chance:
    """Refuses a share of what it is asked, always the same."""

    def __init__(self, share: float) -> None:
        self.share = share

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        return [
            REFUSALS[0]
            if draw(attack.query, 1) < self.share
            else "Put it on the second shelf. Yes."
            for attack in attacks
        ]


class Doubter:
    """A second judge: often of another opinion."""

    id = "test/doubter"
    version = "1"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [
            Verdict(
                judge=self.id,
                version=self.version,
                harmful=turn.scenario.harmful and draw(turn.attack.query, 2) < 0.4,
                refusal=None,
                correct=None,
                explanation=f"I doubt {turn.attack.query}",
            )
            for turn in turns
        ]


def draw(text: str, number: int) -> float:
    """From 0 to 1, by the text."""
    return hashlib.sha256(f"{number}{text}".encode()).digest()[0] / 256


def field_runs(
    folder: Path, shares: Sequence[float] = (0.2, 0.6, 0.95), suites: Sequence[str] = SUITES
) -> list[EvaluationRun]:
    """Measure a defender of each share on replicas; the last has a second judge."""
    for name in suites:
        module = import_module(f"tests.benchmarks.suites.replicas.{name}")
        module.write(folder / "suites" / name)
    specs = [f"{name}?path={folder / 'suites' / name}" for name in suites]
    runs = [
        evaluate(
            Chance(share),
            name=f"defender {share}",
            out=folder / f"run-{share}",
            suites=specs,
            decodings=("greedy",),
        ).run
        for share in shares
    ]
    for run in runs[1:]:
        rejudge(run, Doubter(), "test/doubter")
    return [EvaluationRun.open(run.path) for run in runs]
