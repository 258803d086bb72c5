"""Several processes: each answers its part, and together they end like one alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from sectow_agents.processes import ALONE, Share, own_share
from sectow_agents.run.folder import RunFolder
from sectow_agents.settings.file import build_config
from sectow_agents.tug_of_war import TugOfWar
from sectow_benchmarks.api import load_run
from sectow_benchmarks.evaluation.settings import SUITES
from sectow_benchmarks.results.journal import Journal, key_of, recall
from sectow_env.pool.store import AttackPool
from tests.agents.recipes import toy
from tests.agents.tiny import weights
from tests.benchmarks.suites.replicas import siuo, xstest

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
    sectow = str(Path(sys.executable).with_name("sectow"))
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--no_python"]
    launcher += ["--num_processes", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "SECTOW_DATA": str(tmp_path / "data")}
    for name, front in (("one", [sectow]), ("two", [*launcher, sectow])):
        done = subprocess.run(
            [*front, "bench", *arguments, "--out", str(tmp_path / name), "--name", "model"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stdout.count("leaderboard") + done.stdout.count("worst channel") == 1
    alone, two = (load_run(tmp_path / name) for name in ("one", "two"))
    pd.testing.assert_frame_equal(alone.samples, two.samples)
    assert set(beside) < set(alone.samples["suite"])
    assert not list((tmp_path / "two").glob("responses"))


@pytest.mark.slow
def test_two_processes_train_one_round(llava_next_folder: Path, tmp_path: Path) -> None:
    """Both ranks train, one writes: the folder is that of one process, with the same counts."""
    settings = toy(tmp_path / "run", llava_next_folder, llava_next_folder).model_dump(mode="json")
    file = tmp_path / "toy.yaml"
    file.write_text(yaml.safe_dump(settings))
    sectow = str(Path(sys.executable).with_name("sectow"))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    launcher += ["--standalone", "--no-python", sectow]
    done = subprocess.run(
        [*launcher, "train", "--config", str(file), "--json"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    summary = json.loads(done.stdout)
    folder = RunFolder.open(tmp_path / "run")
    assert [phase["seat"] for phase in summary["phases"]] == ["attacker", "defender"]
    assert [phase.reported for phase in folder.state.phases] == [True, True]
    with AttackPool(tmp_path / "run" / "pool.sqlite", read_only=True) as pool:
        assert len(pool) == summary["pool"] == folder.state.phases[0].admitted > 0
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["quality", *["step", "step", "quality"] * 2]
    # The whole batch, of both processes.
    assert [line["episodes"] for line in lines if line["event"] == "step"] == [16] * 4
    base = weights(llava_next_folder)
    for seat in ("attacker", "defender"):
        trained = weights(tmp_path / "run" / "rounds" / "1" / seat)
        assert trained.keys() == base.keys()
        assert any(not torch.equal(trained[name], base[name]) for name in base)
    assert not list((tmp_path / "run").rglob("*.partial"))
    # One process resumes where two have ended, and has nothing left to do.
    assert len(TugOfWar(build_config(settings)).run(resume=True).phases) == 2
