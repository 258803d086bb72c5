"""Entries of small evaluations: of scripts in the Apothecary, with their samples."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.hub.publish import publish
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.submissions.entry import Entry
from sectow_benchmarks.submissions.make import as_sent, entry_of
from sectow_env.files import write_text

SMALL: dict[str, Any] = {"splits": ("test",), "per_cell": 1, "per_kind": 1}
Change = Callable[[dict[str, Any]], object]


def write(entry: Entry, folder: Path) -> Path:
    """An entry in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "entry.json", entry.model_dump_json(indent=2))
    return folder


def changed(folder: Path, change: Change) -> Path:
    """An entry with something changed in its file."""
    tree = json.loads((folder / "entry.json").read_text())
    change(tree)
    (folder / "entry.json").write_text(json.dumps(tree))
    return folder


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvaluationRun]:
    """A base and a defender that refuses everything."""
    folder = tmp_path_factory.mktemp("submitted")
    names = {"base": "apothecary/keyword", "refuses": "apothecary/refuse_all"}
    return {name: evaluate(spec, out=folder / name, **SMALL).run for name, spec in names.items()}


@pytest.fixture(scope="session")
def verified_once(runs: dict[str, EvaluationRun], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An entry with its samples, which no test changes."""
    folder = tmp_path_factory.mktemp("verified") / "base"
    copy = publish(runs["base"], folder / "evaluation")
    return write(as_sent(entry_of(runs["base"]), copy.run), folder)


@pytest.fixture
def verified(verified_once: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(verified_once, tmp_path / "entries" / "base"))


@pytest.fixture(scope="session")
def base(runs: dict[str, EvaluationRun]) -> Entry:
    """The entry of the base."""
    return entry_of(runs["base"])


@pytest.fixture
def alone(base: Entry, tmp_path: Path) -> Path:
    """An entry without samples."""
    return write(base, tmp_path / "alone" / "base")
