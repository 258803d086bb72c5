"""The recipes for real models: each plan in them is the one that the command prints today."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from sectow_agents.planning.command import in_a_line
from sectow_agents.planning.machines import gpu_of
from sectow_agents.planning.memory import Sharding
from sectow_agents.planning.plan import Setting, plan_of
from sectow_agents.run.parts import find_played
from sectow_agents.settings.file import load_config

ROOT = Path(__file__).parents[3]
PLAN = re.compile(
    r"^# Plan \((?P<options>[^)]*)\): (?P<line>.*?)\.\n# (?=[A-Z])", re.MULTILINE | re.DOTALL
)
RECIPES = [
    file
    for file in sorted((ROOT / "configs").glob("*.yaml"))
    if PLAN.search(file.read_text("utf-8"))
]


def test_the_recipes_that_plan() -> None:
    names = {file.stem for file in RECIPES}
    small, large = {"smolvlm2-500m", "qwen2.5-vl-3b"}, {"qwen2.5-vl-7b-8gpu", "qwen2.5-vl-72b"}
    assert names == {*small, "qwen2.5-vl-7b", *large}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda file: str(file.stem))
def test_a_plan_in_a_recipe_is_true(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = recipe.read_text(encoding="utf-8")
    match = PLAN.search(text)
    assert match is not None
    options = dict(zip(*[iter(shlex.split(match["options"]))] * 2, strict=True))
    sharding: Sharding = next(
        kind for kind in get_args(Sharding) if kind == options.get("--sharding", "none")
    )
    config = load_config(recipe)
    setting = Setting(gpu_of(options["--gpu"]), int(options.get("--gpus", "1")), sharding)
    made = plan_of(config, find_played(config), setting)
    assert in_a_line(made) == " ".join(match["line"].replace("\n# ", " ").split())
    assert made.fits is True
    # Each says with which judge, how it is started, and that nobody has run it yet.
    assert config.judge is not None
    assert "# Not run: " in text
    head = "".join(line.lstrip("#\\") for line in text.partition("run: ")[0].splitlines())
    named = re.findall(r"configs/[\w./-]+\.(?:yaml|sbatch)", head)
    assert f"configs/{recipe.name}" in named
    assert [file for file in named if not (ROOT / file).is_file()] == []
    assert "sbatch " in head or f"sectow train --config configs/{recipe.name}" in head
