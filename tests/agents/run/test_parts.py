"""What a run names is checked before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sectow_agents.run.parts import find_parts
from sectow_agents.settings.file import build_config
from sectow_env.errors import SectowError, UnknownNameError
from sectow_env.worlds.packs.world import PackWorld

WRONG = {
    "judge": "apothecary/trut",
    "truth": "wrld",
    "renderer": "sectow/seed_imgae",
    "world": "apothecry:0",
    "attacker.model": "organism/attackr",
    "defender.model": "organism/defendr",
    "attacker.channels": ["plan"],
    "defender.mix.general_kinds": ["digitz"],
    "defender.mix.controlled_channels": ["plan"],
    "defender.mix.benign_channels": ["plan"],
}


def settings(key: str = "seed", value: object = 0) -> dict[str, object]:
    tree: dict[str, object] = {
        "attacker": {"model": "organism/attacker"},
        "defender": {"model": "organism/defender", "mix": {"general_kinds": ["digits"]}},
    }
    *places, last = key.split(".")
    inner = tree
    for place in places:
        inner = inner.setdefault(place, {})  # type: ignore[assignment]
    inner[last] = value
    return tree


@pytest.mark.parametrize(("key", "value"), WRONG.items())
def test_a_misspelt_name_ends_with_the_nearest(key: str, value: object) -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean|there is no"):
        find_parts(build_config(settings(key, value)))


def test_kinds_of_questions_need_a_world_that_asks_them(root_pack: str) -> None:
    with pytest.raises(SectowError, match="this world has no general questions"):
        find_parts(build_config({**settings(), "scenarios": root_pack}))


def test_the_attacks_of_a_run_are_drawn_by_its_renderer(root_pack: str) -> None:
    tree = settings("renderer", "sectow/seed_image")
    tree["defender"] = {"model": "organism/defender"}
    world = find_parts(build_config({**tree, "scenarios": root_pack})).world
    assert isinstance(world, PackWorld)
    assert world.renderer.id == "sectow/seed_image"


@pytest.fixture
def root_pack(request: pytest.FixtureRequest) -> str:
    return str(request.config.rootpath / "examples" / "packs" / "lantern_shop.jsonl")


def test_the_parts_of_a_sound_run_are_found_without_torch() -> None:
    code = (
        "import sys; from sectow_agents.run.parts import find_parts; "
        "from sectow_agents.settings.file import build_config; "
        f"parts = find_parts(build_config({settings('truth', 'world')!r})); "
        "assert parts.world.id and parts.judge.id == parts.truth.id; "
        "heavy = {'torch', 'transformers', 'datasets', 'trl'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
