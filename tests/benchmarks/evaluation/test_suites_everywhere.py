"""The same suites put to a tiny model, a guarded one and an endpoint, by one process and by two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sectow_agents.processes import ALONE, Share
from sectow_benchmarks.api import evaluate
from sectow_benchmarks.evaluation import measure
from tests.agents.tiny import llava_next
from tests.benchmarks.suites.test_replicas import replica
from tests.env.endpoint.server import FaultyServer

SUITES = {"or_bench_hard": "text", "siuo": "one picture", "vlguard": "roles and pictures"}
ALSO = ("rules/refusal",)


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("replicas")
    for name in SUITES:
        replica(name).write(folder / name)
    return [
        *(f"{name}?path={folder / name}&answer_tokens=4" for name in SUITES),
        "tests.benchmarks.evaluation.jars:Jars?size=2&pictures=true",
    ]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return llava_next(tmp_path_factory.mktemp("llava"))


def by_two(work: Callable[[], object], patch: pytest.MonkeyPatch) -> None:
    """Two processes, played by two threads: each has its share, and waits for the other."""
    place, barrier = threading.local(), threading.Barrier(2, timeout=60)
    patch.setattr(measure, "own_share", lambda: getattr(place, "share", ALONE))
    failures: list[BaseException] = []

    def wait() -> None:
        barrier.wait()

    def one_of(rank: int) -> None:
        place.share = Share(rank, 2, wait)
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (shown by the test)
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=one_of, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("kind", ["weights", "guarded", "endpoint"])
def test_two_processes_give_the_samples_of_one(
    kind: str,
    specs: list[str],
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FaultyServer() as server:
        model = {
            "weights": str(weights),
            "guarded": f"guarded/of?model={weights}&judge=rules/not_refused&at=output",
            "endpoint": f"endpoint/defender?base_url={server.base_url}&model=m&cache=null",
        }[kind]

        def put(name: str) -> pd.DataFrame:
            loaded = evaluate(model, out=tmp_path / name, suites=specs, name="m", also=ALSO)
            return loaded.run.open(tmp_path / name).samples

        alone = put("alone")
        by_two(lambda: put("two"), monkeypatch)
        requests = len(server.received)
        two = evaluate(
            model,
            out=tmp_path / "two",
            suites=specs,
            name="m",
            also=ALSO,
            resume=True,
        )
        assert len(server.received) == requests, "it was finished"
    pd.testing.assert_frame_equal(alone, two.samples)
    assert set(alone["suite"]) == {*SUITES, "jars"}
    assert alone["answered"].all()
    assert {"safety", "over_refusal", "capability"} <= set(alone["role"])
    assert set(alone["picture"] == "") == {True, False}
    assert not (tmp_path / "two" / "responses").exists()
    if kind == "endpoint":
        shown = [str(each.body).count("image_url'") for each in server.received]
        assert max(shown) >= 2, "several pictures"
