"""A stranger's distribution installed for one test, and servers with settings that are quick."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sectow_env.endpoint.settings import EndpointSettings
from tests.env.endpoint.asking import Quick, Serve
from tests.env.endpoint.server import FaultyServer

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution: `install("name", {group: {entry: value}}, module="source")`."""
    before = set(sys.modules)

    def add(name: str, groups: dict[str, dict[str, str]], **modules: str) -> None:
        folder = tmp_path / name
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n")
        lines = []
        for group, entries in groups.items():
            lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(folder)
        importlib.invalidate_caches()

    yield add
    for module in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[module], "__file__", "")):
            del sys.modules[module]


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no key of the machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SECTOW_API_KEY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(FaultyServer(*args, **kwargs))


@pytest.fixture
def quick(tmp_path: Path) -> Quick:
    def settings(server: FaultyServer, **changes: Any) -> EndpointSettings:
        usual = {
            "base_url": server.base_url,
            "model": "potion-1",
            "backoff": 0.002,
            "timeout": 10.0,
            "wait_seed": 0,
            "cache": tmp_path / "cache" / "answers.sqlite",
        }
        return EndpointSettings.model_validate({**usual, **changes})

    return settings
