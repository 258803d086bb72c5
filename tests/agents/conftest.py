"""Random models, made once per session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.env.conftest import install

__all__ = ["install"]


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


@pytest.fixture(scope="session")
def random_guard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights: it writes garbage."""
    from tests.agents.judges.tiny_guards import text_guard

    return text_guard(tmp_path_factory.mktemp("random-guard"))


@pytest.fixture(scope="session")
def taught_guard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Writes one of two verdicts, in Qwen3Guard's form, depending on the response."""
    from tests.agents.judges.tiny_guards import VERDICTS, text_guard

    return text_guard(tmp_path_factory.mktemp("taught-guard"), teach=VERDICTS)


@pytest.fixture(scope="session")
def bare_classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No chat template, and always the token `yes`."""
    from tests.agents.judges.tiny_guards import yes_model

    return yes_model(tmp_path_factory.mktemp("bare-classifier"))
