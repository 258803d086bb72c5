from __future__ import annotations

from pathlib import Path

import pytest

from sectow_env.errors import ConfigError, PackError, UnknownNameError
from sectow_env.resolve.worlds import load_world
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.packs.world import PackWorld

PATH = "sectow_env.worlds.apothecary:Apothecary"


@pytest.mark.parametrize(("name", "seed"), [("apothecary", 0), ("apothecary:3", 3)])
def test_a_world_is_built_by_name_and_seed(name: str, seed: int) -> None:
    assert load_world(name).fingerprint == Apothecary(seed).fingerprint


def test_a_world_that_is_built_is_handed_back() -> None:
    world = Apothecary(2)
    assert load_world(world) is world


def test_a_pack_is_known_by_its_ending_or_by_being_a_file(tmp_path: Path) -> None:
    line = '{"id": "a", "behavior": "b", "harmful": true}\n'
    for name in ("some.jsonl", "some.txt"):
        (tmp_path / name).write_text(line)
        world = load_world(str(tmp_path / name))
        assert isinstance(world, PackWorld)
        assert world.id == "pack/some"
    with pytest.raises(PackError, match="does not exist"):
        load_world(str(tmp_path / "gone.jsonl"))


@pytest.mark.parametrize("name", ["apotecary", "apotecary:3"])
def test_an_unknown_world_is_met_with_a_suggestion(name: str) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'apothecary'"):
        load_world(name)


def test_an_unknown_world_may_have_been_meant_as_a_path() -> None:
    with pytest.raises(UnknownNameError, match=r"ends in \.jsonl"):
        load_world("my/pack.json")


def test_an_import_path_runs_only_where_it_is_allowed() -> None:
    with pytest.raises(ConfigError, match="import path"):
        load_world(PATH)
    assert load_world(PATH, allow_import_path=True).id == "apothecary-1:0"


@pytest.mark.parametrize("name", ["apothecary:-1", "apothecary:x", "apothecary:", ":3", ""])
def test_a_seed_is_a_whole_number(name: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError)):
        load_world(name)
