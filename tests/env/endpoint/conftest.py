"""Servers that a test starts, and settings that make a client quick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sectow_env.endpoint.settings import EndpointSettings
from tests.env.endpoint.asking import Quick, Serve
from tests.env.endpoint.server import FaultyServer


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
