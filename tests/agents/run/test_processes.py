"""Several processes: each answers its part, and together they end like one alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sectow_agents.run.processes import ALONE, Share, own_share
from sectow_benchmarks.api import load_run
from sectow_benchmarks.results.journal import Journal, key_of, recall

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
    file, asked = tmp_path / "unit.jsonl", defaultdict[int, list[int]](list)
    waited = False

    def work(rank: int, wait: Callable[[], None]) -> list[str | None]:
        def answer(chosen: list[int]) -> list[str]:
            asked[rank] += chosen
            return [f"answer {index}" for index in chosen]

        return recall(Journal(file, Share(rank, 2, wait)), KEYS, answer, 2, whole=whole)

    def second() -> None:
        # While the first waits, the other does all of its work; it has nobody to wait for.
        nonlocal waited
        if not waited:
            waited = True
            assert work(1, lambda: None) == [f"answer {number}" for number in range(11)]

    found = work(0, second)
    assert found == [f"answer {number}" for number in range(11)]
    assert sorted([*asked[0], *asked[1]]) == list(range(11))
    assert bool(asked[1]) != whole
    again = Journal(file)
    assert [again[key] for key in KEYS] == found


@pytest.mark.slow
def test_two_processes_end_like_one(organism_folder: Path, tmp_path: Path) -> None:
    said = ["--model", str(organism_folder), "--attacker", "apothecary/random", "--per-cell", "1"]
    said += ["--per-kind", "1", "--split", "test", "--max-new-tokens", "4", "--limit", "5"]
    sectow = str(Path(sys.executable).with_name("sectow"))
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--no_python"]
    launcher += ["--num_processes", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for name, front in (("one", [sectow]), ("two", [*launcher, sectow])):
        done = subprocess.run(
            [*front, "bench", *said, "--out", str(tmp_path / name), "--name", "model"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stdout.count("leaderboard") + done.stdout.count("worst channel") == 1
    one, two = (load_run(tmp_path / name) for name in ("one", "two"))
    pd.testing.assert_frame_equal(one.samples, two.samples)
    assert not list((tmp_path / "two").glob("responses"))
