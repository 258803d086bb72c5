"""The command that measures the page works; how fast it was is no matter of a test."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


@pytest.mark.slow
def test_the_page_of_many_samples(page: ModuleType, tmp_path: Path) -> None:
    file = page.make(tmp_path, 1200)
    measured = page.look(file, 1200, 0.0)
    assert measured.first_table_ms > 0.0
    assert 0.0 < measured.filter_median_ms <= measured.filter_worst_ms
    assert measured.search_seconds > 0.0
    assert measured.heap_after_filters_mb > 0.0
