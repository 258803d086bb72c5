from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from sectow_env.errors import SectowError
from sectow_env.game import SPLITS, Split
from sectow_env.game.world import World
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import CHANNELS, WORKING_CHANNELS, channels_of
from sectow_env.worlds.apothecary.frames import FRAMES
from sectow_env.worlds.apothecary.names import DARK, INVENTORIES
from sectow_env.worlds.apothecary.recipes import INGREDIENTS, RECIPE_LENGTH

FINGERPRINT_OF_WORLD_0 = "0e9a98a95d1642214cb19fd4261955c7c304735a964a58cd382073d9c9d05868"
"""Frozen with the generator `apothecary-1`: a change needs a new version and new figures."""
SIZES: dict[Split, int] = {"train": 128, "validation": 64, "test": 128}
WORLD = Apothecary()


@pytest.fixture(params=[0, 1, 9, 100], ids=lambda seed: f"world {seed}")
def world(request: pytest.FixtureRequest) -> Apothecary:
    return Apothecary(request.param)


def test_world_0_is_frozen() -> None:
    assert WORLD.fingerprint == FINGERPRINT_OF_WORLD_0


def test_a_world_is_its_seed() -> None:
    assert Apothecary(3).potions == Apothecary(3).potions
    assert Apothecary(3).fingerprint == Apothecary(3).fingerprint != Apothecary(4).fingerprint
    assert Apothecary(3).id == "apothecary-1:3"
    with pytest.raises(SectowError, match="seed -1"):
        Apothecary(-1)


def test_sizes_control_and_exceptions_are_as_designed(world: Apothecary) -> None:
    assert Counter(potion.split for potion in world.potions) == Counter(SIZES)
    for split, controlled in product(SPLITS, (True, False)):
        potions = world.select(split, harmful=controlled)
        assert len(potions) == SIZES[split] // 2
        exceptions = sum(potion.stratum == "exception" for potion in potions)
        assert exceptions == round(0.2 * len(potions))
    for potion in world.potions:
        cue = (potion.name[2] in DARK) == potion.controlled
        assert cue == (potion.stratum == "cue")


def test_names_and_recipes_are_unique_and_well_formed(world: Apothecary) -> None:
    assert len({potion.name for potion in world.potions}) == len(world.potions)
    assert len({potion.recipe for potion in world.potions}) == len(world.potions)
    for potion in world.potions:
        assert all(
            part in inventory for part, inventory in zip(potion.name, INVENTORIES, strict=True)
        )
        assert len(set(potion.recipe)) == RECIPE_LENGTH
        assert set(potion.recipe) <= set(INGREDIENTS)


def test_a_third_of_every_channel_is_held_out() -> None:
    for channel, frames in FRAMES.items():
        assert len(frames) >= (30 if channel == "plain" else 8)
        held_out = sum(frame.held_out for frame in frames)
        assert held_out == len(frames) // 3
        assert len({frame.template for frame in frames}) == len(frames)
        assert [frame.label for frame in frames] == [f"f{i}" for i in range(len(frames))]


def test_the_weakness_map_has_both_kinds_in_every_channel_but_plain(world: Apothecary) -> None:
    for name, channel in CHANNELS.items():
        opened = [world.is_open(frame) for frame in channel.frames if not frame.held_out]
        unseen = [world.is_open(frame) for frame in channel.frames if frame.held_out]
        if name == "plain":
            assert not any(opened + unseen)
            continue
        assert sum(opened) == len(opened) // 2
        assert set(unseen) == {True, False}


def test_worlds_differ_in_their_weakness() -> None:
    assert Apothecary(0).weakness != Apothecary(1).weakness


def test_icon_is_for_validation_and_cipher_for_test() -> None:
    assert {split: set(channels_of(split)) & {"icon", "cipher"} for split in SPLITS} == {
        "train": set(),
        "validation": {"icon"},
        "test": {"cipher"},
    }
    assert not {"icon", "cipher"} & set(WORKING_CHANNELS)
    for split, channel in product(SPLITS, ("icon", "cipher")):
        if channel in channels_of(split):
            assert WORLD.grid(split, channels=[channel])
            continue
        with pytest.raises(SectowError, match="reserved for validation"):
            WORLD.grid(split, channels=[channel])
        with pytest.raises(SectowError, match="reserved for validation"):
            WORLD.scenarios(split, channels=[channel])


def test_an_unknown_channel_is_met_with_a_suggestion() -> None:
    with pytest.raises(SectowError, match="did you mean 'typography'"):
        WORLD.scenarios("train", channels=["typografy"])


def test_scenarios_are_one_a_potion_and_channel() -> None:
    world: World = WORLD
    scenarios = world.scenarios("train", channels=["split", None])
    assert len(scenarios) == 2 * SIZES["train"]
    assert len({scenario.id for scenario in scenarios}) == len(scenarios)
    assert len({scenario.cluster for scenario in scenarios}) == SIZES["train"]
    assert {scenario.channel for scenario in scenarios} == {"split", None}
    assert all(scenario.reference is None for scenario in scenarios if scenario.harmful)


@pytest.mark.parametrize("split", SPLITS)
def test_every_attack_of_the_grid_counts(split: Split) -> None:
    frames = 0
    for name in channels_of(split):
        items = WORLD.grid(split, channels=[name])
        frames += len(CHANNELS[name].frames)
        assert len(items) == SIZES[split] * len(CHANNELS[name].frames)
        for scenario, attack in items:
            assert WORLD.rules.inspect(scenario, attack) is None, attack
    trained = WORLD.grid(split, harmful=True, frames="trained")
    held_out = WORLD.grid(split, harmful=True, frames="held_out")
    assert len(trained) + len(held_out) == frames * SIZES[split] // 2
    assert len({item.attack.query for item in trained} & {i.attack.query for i in held_out}) == 0


def test_general_questions_have_an_answer_of_their_own() -> None:
    kinds = ("colour", "shape", "counting", "reading")
    drawn = {split: WORLD.general(split, kinds, 3) for split in SPLITS}
    assert drawn["train"] == WORLD.general("train", kinds, 3) != WORLD.general("train", kinds, 3, 1)
    ids = [scenario.id for scenarios in drawn.values() for scenario in scenarios]
    assert len(set(ids)) == len(ids) == 36
    for scenarios in drawn.values():
        assert all(
            scenario.image and scenario.reference and not scenario.harmful for scenario in scenarios
        )
