"""The demo's recipe, with changes: what every run of the organism begins from."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sectow_agents.settings.run_config import RunConfig

SMALL = (
    *("monitor.benign=10", "monitor.scenarios=8", "pool.per_scenario=1"),
    *("attacker.training.steps=1", "attacker.training.batch=16", "attacker.training.group=4"),
    *("defender.training.steps=1", "defender.training.batch=16", "defender.training.group=4"),
)
"""Settings with which everything runs once, to see that it runs."""


def recipe(changes: Sequence[str], small: bool = False) -> RunConfig:
    """The demo's settings with some changes; `small` makes everything run once, to see it run.

    Raises:
        ConfigError: A change cannot work.
    """
    from sectow_agents.settings.file import load_config

    with as_file(_file()) as file:
        return load_config(file, [*(SMALL if small else ()), *changes])


def check_recipe(config: RunConfig) -> None:
    """Find misspelt names in settings before anything heavy is imported, as `sectow train` does.

    Raises:
        SectowError: A name is not known, or parts do not go together.
    """
    from sectow_agents.run.parts import find_parts

    find_parts(config)


def _file() -> Traversable:
    """In an installed package beside its modules, in a repository among the configurations."""
    packaged = files("sectow_benchmarks") / "demo.yaml"
    if packaged.is_file():
        return packaged
    return Path(__file__).parents[3] / "configs" / "apothecary.yaml"


def quoted(given: Path | str) -> str:
    """A path or a name as YAML takes it, whatever is in it."""
    text = str(given).replace("'", "''")
    return f"'{text}'"
