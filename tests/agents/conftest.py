"""Random models, made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def llava_next_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.agents.tiny import llava_next

    return llava_next(tmp_path_factory.mktemp("llava-next"))


@pytest.fixture(scope="session")
def idefics3_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.agents.tiny import idefics3

    return idefics3(tmp_path_factory.mktemp("idefics3"))


@pytest.fixture(scope="session")
def organism_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.agents.tiny import organism

    return organism(tmp_path_factory.mktemp("organism"))
