"""The coverage study: the floor holds at small size, and the command prints what it found."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from sectow_benchmarks.studies.coverage import simulation as coverage
from sectow_benchmarks.studies.coverage.command import coverage as command


@pytest.mark.parametrize(("clusters", "size", "share"), [(20, 10, 0.05), (30, 40, 0.3)])
def test_the_clustered_interval_keeps_its_floor(clusters: int, size: int, share: float) -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    data = coverage.simulated(rng, 400, clusters, size, share)
    ends = [coverage._own(sums, size) for sums in data]
    assert np.mean([low <= share <= high for low, high in ends]) >= 0.90


def test_the_simulated_clusters_have_the_correlation_that_is_said() -> None:
    """The variance of cluster means is p (1 - p) (1 + (size - 1) ICC) / size."""
    rng = np.random.Generator(np.random.PCG64(4))
    means = coverage.simulated(rng, 4000, 5, 10, 0.3) / 10
    assert means.var() == pytest.approx(0.21 * (1 + 9 * coverage.ICC) / 10, rel=0.05)


def test_the_command_prints_both_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "cells", lambda: [(20, 4, 0.3), (4, 4, 0.3)])
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, ["--draws", "20", "--seed", "3"])
    assert done.exit_code == 0, done.output
    assert re.search(r"^beta +50 ", done.stdout, re.MULTILINE)
    page = CliRunner().invoke(app, ["--draws", "20", "--seed", "3", "--markdown"]).stdout
    assert "| beta | 50 |" in page
    assert "Least coverage from 20 clusters on" in done.output
    tables = json.loads(CliRunner().invoke(app, ["--draws", "20", "--json"]).stdout)
    assert len(tables["clustered"]) == 2
    assert tables["draws"] == 20
