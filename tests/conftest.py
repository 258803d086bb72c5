"""What all tests share: no network, steady hypothesis runs, the repository's root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Set before any test imports the libraries that read them: the suite never uses the network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# Machines of the suite are busy, so time says nothing; and what was red must be red again.
settings.register_profile("sectow", deadline=None, derandomize=True)
settings.load_profile("sectow")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parent.parent
