"""The commands that measure speed work; how fast it was is no matter of a test."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from sectow_benchmarks.suites.selection import Selection


@pytest.mark.slow
def test_a_board_of_many_samples(million: ModuleType, tmp_path: Path) -> None:
    million.make(tmp_path / "run", 3000)
    spent = million.rank(tmp_path / "run")
    assert spent.samples == 3000
    assert spent.cpu_seconds > 0.0
    assert spent.peak_bytes > 0


@pytest.mark.slow
def test_both_back_ends_say_the_same(throughput: ModuleType, organism_folder: Path) -> None:
    found = throughput.compared(str(organism_folder), Selection(per_cell=1), 64, 1)
    assert found.answers == 156
    assert found.ours > 0.0
    assert found.theirs > 0.0
    assert len(found.different) <= 0.02 * found.answers, found.different


def test_a_pool_that_grows(pool: ModuleType, tmp_path: Path) -> None:
    for kind in pool.TEXTS:
        first, last = pool.measure(tmp_path, kind, 2, (20, 60))
        assert (first.attacks, last.attacks) == (20, 60)
        assert min(*last.insert, *last.query, last.all_pairs) > 0.0
