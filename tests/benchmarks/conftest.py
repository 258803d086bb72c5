"""What the tests of the benchmarks share: a random organism, and evaluations of stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sectow_benchmarks.evaluation.measure import measure
from sectow_benchmarks.evaluation.policies import AttackerUnderTest
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.worlds.apothecary import policies
from tests.benchmarks.scripted import WORLD, Stand, imperfect, refuse_all
from tests.benchmarks.suites.host import Host

SMALL = MeasureSettings(per_cell=1, per_kind=2, max_new_tokens=8)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where suites are fetched to."""
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Host]:
    """A server that answers as the hub and GitHub do."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    for variable in ("HF_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    # A token that somebody keeps on this machine is not this test's business.
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(home / "no token"))
    with Host().serving() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("SECTOW_GITHUB", served.url)
        yield served


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
