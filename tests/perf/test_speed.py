"""The commands that measure speed work; how fast it was is no matter of a test."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from transformers import Qwen2_5_VLForConditionalGeneration

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


@pytest.mark.slow
def test_all_rows_of_training_in_their_tiny_form(gpu: ModuleType, tmp_path: Path) -> None:
    bench = gpu.Bench(gpu.SHAPES["tiny"], gpu.build("tiny", tmp_path / "model"), tmp_path)
    rows = gpu.measured(bench)
    times, memory = rows[:-1], rows[-1]
    assert len(times) == 4
    assert all(row.ours > 0 and row.theirs > 0 and row.ratio > 0 for row in times)
    # Memory is that of a GPU.
    assert memory.ratio is None
    assert "not measured" in gpu.table(rows)


def test_the_model_of_the_gpu_has_the_published_size(wide_qwen: ModuleType) -> None:
    words = SimpleNamespace(pad_token_id=0, eos_token_id=1, convert_tokens_to_ids=len)
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(wide_qwen.config(words))
    assert sum(parameter.numel() for parameter in model.parameters()) == 3_754_622_976


def test_a_pool_that_grows(pool: ModuleType, tmp_path: Path) -> None:
    for kind in pool.TEXTS:
        first, last = pool.measure(tmp_path, kind, 2, (20, 60))
        assert (first.attacks, last.attacks) == (20, 60)
        assert min(*last.insert, *last.query, last.all_pairs) > 0.0
