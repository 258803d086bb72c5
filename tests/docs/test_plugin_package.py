"""The package that docs/extending.md shows, built and installed by pip as any other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import blocks

BUILD = '\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
PARTS = """
import gymnasium as gym, sectow_env
env = sectow_env.TextAction(gym.make("SecTOW-v0", channels=["mine/stutter"], judge="mine/strict"))
env.reset(seed=0)
name = env.unwrapped.scenario.meta["potion"]
info = env.step(f"frame : f0 ; name : {name}")[4]
print(info["sectow_episode"].turns[0].attack.channel, info["sectow_episode"].verdicts[0].judge)
env = gym.make("SecTOW-v0", world="doors:1", renderer="mine/poster", defender="pack/lookup")
env.reset(seed=0)
attack = sectow_env.TextAction(env).action("image : a door ; query : open")
print(env.unwrapped.arena.world.id, attack.image.pixels.shape)
env = gym.make("SecTOW-v0", seat="defender", attacker="mine/stutter")
print(env.reset(seed=0)[0]["query"].split()[0])
print(type(gym.make("SecTOW-v0", defender="mine/wary").unwrapped.arena.opponent).__name__)
"""


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip put it."""
    project, site = tmp_path_factory.mktemp("plugin"), tmp_path_factory.mktemp("site")
    page = root / "docs" / "extending.md"
    (toml,) = blocks(page, "toml")
    (project / "pyproject.toml").write_text(toml.text + BUILD)
    (project / "my_plugin").mkdir()
    (project / "my_plugin" / "__init__.py").touch()
    for block in blocks(page, "python"):
        if block.file is not None:
            (project / block.file).write_text(block.text)
    command = ["pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--target", str(site), str(project)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return site


def told(site: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_part_is_found_by_name(site: Path) -> None:
    assert told(site, sys.executable, "-c", PARTS).splitlines() == [
        "mine/stutter mine/strict",
        "pack/doors-1 (64, 96, 3)",
        "i",
        "WaryDefender",
    ]


@pytest.mark.slow
def test_its_command_is_listed_and_runs(site: Path) -> None:
    sectow = str(Path(sys.executable).with_name("sectow"))
    assert "From the package my-plugin." in told(site, sectow, "--help")
    assert len(told(site, sectow, "potions", "--limit", "2").splitlines()) == 2
