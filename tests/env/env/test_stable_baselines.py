"""Stable-Baselines3 learns the game through the discrete wrapper: the example in `examples/`."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def example(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_ppo", root / "examples" / "train_ppo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_ppo_finds_the_open_channel_and_reads_the_name(example: ModuleType) -> None:
    with warnings.catch_warnings():
        # stable-baselines3 2.9 is loaded with warnings of its own dependencies.
        warnings.simplefilter("ignore")
        importlib.import_module("stable_baselines3")
    result = example.learn("reversed", 16_384, seed=0)
    assert result.before < 0.5 * example.BEST
    assert result.after >= 0.9 * example.BEST
