"""One process beside two: what differs is seen, and two that were one are no comparison."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sectow_agents.processes import Share
from sectow_agents.run.folder import RunFolder
from tests.agents.run.test_folder import config


def summary(pool: int = 100, accuracy: float = 0.9) -> dict[str, Any]:
    figures = {"over_refusal": 0.0, "accuracy": accuracy, "learned_asr": 0.5}
    return {"pool": pool, "phases": [{"seat": "attacker", **figures}]}


ALONE = [summary(), summary(100, 0.8)]


@pytest.mark.parametrize(
    ("two", "within"),
    [
        (summary(105, 0.95), ["yes", "yes", "yes", "yes"]),
        (summary(106), ["**no**", "yes", "yes", "yes"]),
        (summary(94), ["**no**", "yes", "yes", "yes"]),
        # 1.96 standard errors of 0.8 of 80 below the least seed.
        (summary(accuracy=0.72), ["yes", "yes", "yes", "yes"]),
        (summary(accuracy=0.7), ["yes", "yes", "**no**", "yes"]),
        (summary(accuracy=1.0), ["yes", "yes", "**no**", "yes"]),
    ],
)
def test_what_differs_by_more_than_seeds_do_is_marked(
    processes: ModuleType, two: dict[str, Any], within: list[str]
) -> None:
    rows = processes.compared(ALONE, two)
    assert [row[-1] for row in rows] == within
    assert rows[0][:3] == ("attacks in the pool", "100, 100", str(two["pool"]))
    assert rows[2][:2] == ("after the attacker: accuracy", "0.900, 0.800")


def test_two_processes_are_started_for_the_same_run(processes: ModuleType, tmp_path: Path) -> None:
    one, two = (processes.command(count, 3, tmp_path) for count in (1, 2))
    assert two[-len(one) :] == one
    assert two[two.index("--num_processes") + 1] == "2"
    assert "--num_processes" not in one


def test_two_processes_that_were_one_are_no_comparison(
    processes: ModuleType, tmp_path: Path
) -> None:
    RunFolder.create(config(tmp_path / "1"), {})
    RunFolder.create(config(tmp_path / "2"), {}, Share(size=2))
    processes.check_processes(tmp_path / "1", 1)
    processes.check_processes(tmp_path / "2", 2)
    with pytest.raises(ChildProcessError, match="1 and not 2"):
        processes.check_processes(tmp_path / "1", 2)
    assert json.loads((tmp_path / "2" / "run.json").read_text())["processes"] == 2
