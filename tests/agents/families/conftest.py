"""Each family's tiny model, built and loaded once per session."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from sectow_agents.models.families import family_of
from sectow_agents.models.generator import Generator
from sectow_agents.models.load import load_model
from sectow_env.errors import ConfigError
from tests.agents.families.every import EVERY
from tests.agents.families.parts import Tiny


class Built:
    """Folders and loaded models of families, made when they are first needed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = cache(self._folder)
        self.generator = cache(self._generator)

    def _folder(self, name: str) -> Path:
        folder = self._root / name
        folder.mkdir()
        EVERY[name].build(folder)
        return folder

    def _generator(self, name: str) -> Generator:
        folder = self.folder(name)
        return Generator(*load_model(folder), source=folder, batch_size=8)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("families"))


@pytest.fixture
def tiny(request: pytest.FixtureRequest) -> Tiny:
    """The family that a test is parametrized with, by `indirect`."""
    tiny = EVERY[request.param]
    try:
        family_of(SimpleNamespace(model_type=tiny.name)).check()
    except ConfigError as error:
        # `make families` has all that they need.
        if "ALL_FAMILIES" in os.environ:
            raise
        pytest.skip(f"{error.given}: {error.why}")
    return tiny


@pytest.fixture
def folder(tiny: Tiny, built: Built) -> Path:
    return built.folder(tiny.name)


@pytest.fixture
def generator(tiny: Tiny, built: Built) -> Generator:
    return built.generator(tiny.name)
