"""The commands of `perf/` as modules: they are scripts, and no package holds them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def crash(root: Path) -> ModuleType:
    return _script(root, "crash")


@pytest.fixture(scope="session")
def suites(root: Path) -> ModuleType:
    return _script(root, "suites")


@pytest.fixture(scope="session")
def kills(root: Path) -> ModuleType:
    return _script(root, "kills")


@pytest.fixture(scope="session")
def million(root: Path) -> ModuleType:
    return _script(root, "million")


@pytest.fixture(scope="session")
def pool(root: Path) -> ModuleType:
    return _script(root, "pool")


@pytest.fixture(scope="session")
def page(root: Path) -> ModuleType:
    return _script(root, "page")


@pytest.fixture(scope="session")
def processes(root: Path) -> ModuleType:
    return _script(root, "processes")


@pytest.fixture(scope="session")
def vector(root: Path) -> ModuleType:
    return _script(root, "vector")


@pytest.fixture(scope="session")
def fuzz(root: Path) -> ModuleType:
    return _script(root, "fuzz")


@pytest.fixture(scope="session")
def gpu(root: Path) -> ModuleType:
    return _script(root, "gpu")


@pytest.fixture(scope="session")
def wide_qwen(root: Path) -> ModuleType:
    return _script(root, "wide_qwen")


@pytest.fixture(scope="session")
def throughput(root: Path) -> ModuleType:
    return _script(root, "throughput")


@pytest.fixture(scope="session")
def organism_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained organism with its processor."""
    from tests.agents.tiny import organism

    return organism(tmp_path_factory.mktemp("organism"))


def _script(root: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, root / "perf" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and processes that are started look their module up by name.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
