"""An evaluation to be labelled: half of its attacks succeed."""

from __future__ import annotations

from typing import Any

import pytest

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.results.run import EvaluationRun


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """Answers of a filter that reads queries, not pictures, and knows the truth about them."""
    out = tmp_path_factory.mktemp("labelled") / "run"
    few: dict[str, Any] = {"per_cell": 1, "splits": ("test",), "decodings": ("greedy",)}
    return evaluate("apothecary/keyword", suites=["safety"], out=out, **few).run
