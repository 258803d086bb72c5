"""The page of a training run, made once for all tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sectow_benchmarks.report import build_report
from sectow_benchmarks.results.run import EvaluationRun
from tests.benchmarks.report.pages import story


@pytest.fixture(scope="session")
def page(
    evaluations: tuple[EvaluationRun, EvaluationRun], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return build_report(evaluations, tmp_path_factory.mktemp("page"), story=story()).page
