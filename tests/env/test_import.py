"""What `import sectow_env` costs, registers and offers."""

from __future__ import annotations

import os
import subprocess
import sys

import gymnasium as gym
import pytest

import sectow_env

BUDGET = 1.5
BASE = "import gymnasium, pettingzoo, pydantic"


def seconds(code: str) -> float:
    """The least processor time of a few runs: a busy machine adds waiting, which does not count."""
    runs = []
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, "-c", code], check=True)
        after = os.times()
        runs.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
    return min(runs)


@pytest.mark.slow
def test_the_import_costs_little_more_than_what_it_stands_on() -> None:
    assert seconds("import sectow_env") <= BUDGET * seconds(BASE)


def test_importing_loads_none_of_the_game() -> None:
    code = "import sectow_env, sys; print(*(m for m in sys.modules if m.startswith('sectow_env')))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["sectow_env"]


def test_every_public_name_is_there() -> None:
    assert sorted(sectow_env.__all__) == sorted({*sectow_env.__all__})
    for name in sectow_env.__all__:
        assert getattr(sectow_env, name) is not None
    assert set(sectow_env.__all__) <= set(dir(sectow_env))
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        sectow_env.colour  # noqa: B018


def test_the_environment_is_registered_by_name_only() -> None:
    spec = gym.spec(sectow_env.ENV_ID)
    assert isinstance(spec.entry_point, str)
    assert isinstance(spec.vector_entry_point, str)
    assert spec.to_json()
