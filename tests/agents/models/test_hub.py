"""A hub that does not answer: known at once, and said in our own words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from sectow_agents.models.hub import answers, lookup
from sectow_agents.models.load import check_source, load_model
from sectow_agents.planning.shapes import configuration
from sectow_env.errors import ConfigError

NOWHERE = "http://127.0.0.1:9"
SHORT = 5.0
"""Seconds; the library alone tries for 23."""


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub at an address where nothing listens."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", NOWHERE)
    answers.cache_clear()
    yield
    answers.cache_clear()


@pytest.mark.parametrize("look", [load_model, check_source, configuration])
@pytest.mark.usefixtures("silent")
def test_a_silent_hub_is_reported_at_once_and_once(
    look: Callable[[str], object], capfd: pytest.CaptureFixture[str]
) -> None:
    start = time.monotonic()
    with pytest.raises(ConfigError, match=r"not on this machine, and 127\.0\.0\.1 does not answer"):
        look("nobody/nothing")
    assert time.monotonic() - start < SHORT
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("silent")
def test_a_folder_is_read_without_the_hub(tmp_path: Path) -> None:
    assert lookup(tmp_path) == {"trust_remote_code": False, "local_files_only": False}
    assert lookup("nobody/nothing", "main")["local_files_only"]


def test_a_hub_that_must_not_be_asked_is_named_so() -> None:
    with pytest.raises(ConfigError, match="is not asked \\(HF_HUB_OFFLINE\\)"):
        load_model("nobody/nothing")
