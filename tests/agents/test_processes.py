"""Several processes: each answers its part, and together they end like one alone."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sectow_agents.processes import ALONE, Share, own_share
from sectow_benchmarks.api import load_run
from sectow_benchmarks.evaluation.settings import SUITES
from sectow_benchmarks.results.journal import Journal, key_of, recall
from tests.agents.launch import run, two_processes
from tests.benchmarks.suites.replicas import siuo, xstest

MODEL = ("--name", "model")
KEYS = [key_of(str(number)) for number in range(11)]


def test_alone_everything_is_ours() -> None:
    assert own_share() == ALONE
    assert ALONE.main
    assert all(ALONE.owns(index) for index in range(7))


def test_every_item_has_one_owner() -> None:
    shares = [Share(rank, 3) for rank in range(3)]
    assert all(sum(share.owns(index) for share in shares) == 1 for index in range(100))


@pytest.mark.parametrize("whole", [False, True])
def test_each_reads_what_the_others_answered(tmp_path: Path, whole: bool) -> None:
    """Two ranks in one process: the second works while the first waits."""
    file, computed = tmp_path / "unit.jsonl", defaultdict[int, list[int]](list)
    waited = False

    def work(rank: int, wait: Callable[[], None]) -> list[str | None]:
        def answer(chosen: list[int]) -> list[str]:
            computed[rank] += chosen
            return [f"answer {index}" for index in chosen]

        return recall(Journal(file, Share(rank, 2, wait)), KEYS, answer, 2, whole=whole)

    def second() -> None:
        # While the first waits, the other does all of its work without waiting.
        nonlocal waited
        if not waited:
            waited = True
            assert work(1, lambda: None) == [f"answer {number}" for number in range(11)]

    answers = work(0, second)
    assert answers == [f"answer {number}" for number in range(11)]
    assert sorted([*computed[0], *computed[1]]) == list(range(11))
    assert bool(computed[1]) != whole
    again = Journal(file)
    assert [again[key] for key in KEYS] == answers


@pytest.mark.slow
def test_two_processes_end_like_one(organism_folder: Path, tmp_path: Path) -> None:
    beside = {"siuo": siuo, "xstest": xstest}
    for name, replica in beside.items():
        replica.write(tmp_path / "data" / name)
    suites = ",".join([*SUITES, *(f"{name}?answer_tokens=4" for name in beside)])
    arguments = [
        "--suites",
        suites,
        "--model",
        str(organism_folder),
        "--world",
        "0",
        "--attacker",
        "apothecary/random",
        "--per-cell",
        "1",
    ]
    arguments += ["--per-kind", "1", "--split", "test", "--max-new-tokens", "4", "--limit", "5"]
    data = {"SECTOW_DATA": str(tmp_path / "data")}
    sectow = [str(Path(sys.executable).with_name("sectow"))]
    for name, front in (("one", sectow), ("two", two_processes("ddp"))):
        done = run([*front, "bench", *arguments, "--out", str(tmp_path / name), *MODEL], **data)
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stdout.count("leaderboard") + done.stdout.count("worst channel") == 1
    alone, two = (load_run(tmp_path / name) for name in ("one", "two"))
    pd.testing.assert_frame_equal(alone.samples, two.samples)
    assert set(beside) < set(alone.samples["suite"])
    assert not list((tmp_path / "two").glob("responses"))
