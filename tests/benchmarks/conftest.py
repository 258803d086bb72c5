"""What the tests of the benchmarks share: a random organism, and evaluations of stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

from sectow_benchmarks.evaluation.measure import measure
from sectow_benchmarks.evaluation.policies import AttackerUnderTest
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.worlds.apothecary import policies
from tests.benchmarks.scripted import WORLD, Stand, imperfect, refuse_all

SMALL = MeasureSettings(per_cell=1, per_kind=2, max_new_tokens=8)


@pytest.fixture(scope="session")
def organism_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained organism with its processor."""
    from tests.agents.tiny import organism

    return organism(tmp_path_factory.mktemp("organism"))


@pytest.fixture(scope="session")
def evaluations(tmp_path_factory: pytest.TempPathFactory) -> tuple[EvaluationRun, EvaluationRun]:
    """A weak base and a stronger round 1, small, with an attacker."""
    folder = tmp_path_factory.mktemp("evaluations")
    attacker = AttackerUnderTest(policies.random(world=WORLD), {"name": "apothecary/random"})
    runs = []
    for name, weak, sure in (("base", 0.1, 0.95), ("round 1", 0.9, 1.0)):
        subject = Stand(imperfect(weak, sure), policies.keyword(world=WORLD), name)
        runs.append(measure(subject, SMALL, folder / name.replace(" ", "-"), attacker=attacker))
    return runs[0], runs[1]


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """A defender that refuses everything."""
    subject = Stand(refuse_all, policies.refuse_all(world=WORLD), "refuses all")
    return measure(subject, SMALL, tmp_path_factory.mktemp("broken") / "run")
