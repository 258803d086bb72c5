"""Silences the libraries below: this package does its own reporting."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import datasets
from huggingface_hub.utils import logging as hub_logging
from transformers.utils import logging as transformers_logging

# Raised inside the libraries by their own calls; nothing that our users could change.
# trl 1.16 asks transformers 5.23 for the old name of activation checkpointing.
# What we use of TRL that may change is in a contract test.
# What an adapter lacks is an error of ours, with all of its faults.
_KNOWN_WARNINGS = (
    ("`is_gradient_checkpointing` is deprecated", FutureWarning),
    ("You are using 'rollout_func'", UserWarning),
    ("Found missing adapter keys", UserWarning),
)


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no notices of the libraries inside; errors stay."""
    level = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    data_bars = datasets.are_progress_bars_disabled()
    trl_logger = logging.getLogger("trl")
    trl_level = trl_logger.level
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    datasets.disable_progress_bars()
    trl_logger.setLevel(logging.ERROR)
    hub_level = hub_logging.get_verbosity()
    hub_logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message, category in _KNOWN_WARNINGS:
                warnings.filterwarnings("ignore", message, category)
            yield
    finally:
        hub_logging.set_verbosity(hub_level)
        trl_logger.setLevel(trl_level)
        if not data_bars:
            datasets.enable_progress_bars()
        if bars:
            transformers_logging.enable_progress_bar()
        transformers_logging.set_verbosity(level)
