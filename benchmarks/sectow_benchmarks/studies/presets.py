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

    with as_file(_file("demo.yaml", "apothecary.yaml")) as file:
        return load_config(file, [*(SMALL if small else ()), *changes])


def rung_recipe(
    changes: Sequence[str], small: bool = False, given: Path | None = None
) -> RunConfig:
    """The rung's settings for two cores, or those of a file, with some changes.

    Raises:
        ConfigError: A change cannot work.
    """
    from sectow_agents.settings.file import load_config

    with as_file(given or _file("rung.yaml", "smollm2.yaml")) as file:
        return load_config(file, [*(SMALL if small else ()), *changes])


def check_recipe(config: RunConfig) -> None:
    """Find misspelt names in settings before anything heavy is imported, as `sectow train` does.

    Raises:
        SectowError: A name is not known, or parts do not go together.
    """
    from sectow_agents.run.parts import find_parts

    find_parts(config)


def _file(packaged: str, source: str) -> Traversable:
    """In an installed package beside its modules, in a repository among the configurations."""
    file = files("sectow_benchmarks") / packaged
    return file if file.is_file() else Path(__file__).parents[3] / "configs" / source


def quoted(given: Path | str) -> str:
    """A path or a name as YAML takes it, whatever is in it."""
    text = str(given).replace("'", "''")
    return f"'{text}'"
