"""The task pack for lm-eval: YAML files, and the loaders and scorers that they name.

Run it with `lm-eval run --include_path $(sectow bench tasks-path) --tasks apothecary_text ...`.
"""

from __future__ import annotations

from pathlib import Path


def tasks_path() -> Path:
    """The folder for lm-eval's `--include_path`."""
    return Path(__file__).resolve().parent
