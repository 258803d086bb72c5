"""Worlds that fail one check each: packs with a small change."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from types import MappingProxyType

from sectow_env.game import Attack, Judge, Scenario, Seat, Split
from sectow_env.game.world import FrameSet, Item
from sectow_env.worlds.packs.world import PackWorld
from tests.env.check.broken_parts import Mixer

PACK = str(Path(__file__).parents[3] / "examples/packs/lantern_shop.jsonl")
QUICK = f"{__name__}:lanterns"
"""Names the sound world below, which is read once."""
CALLS = count()
LANTERNS = PackWorld.read(PACK).items


class Lanterns(PackWorld):
    """A sound world."""

    def __init__(self) -> None:
        super().__init__(self.changed(LANTERNS), "lanterns")

    def changed(self, items: Sequence[Scenario]) -> Sequence[Scenario]:
        return items


@cache
def lanterns() -> Lanterns:
    """The sound world, read once."""
    return Lanterns()


class Restless(Lanterns):
    @cached_property
    def fingerprint(self) -> str:
        return f"print {next(CALLS)}"


class Shuffling(Lanterns):
    def scenarios(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str | None] | None = None,
    ) -> list[Scenario]:
        scenarios = super().scenarios(split, harmful=harmful, channels=channels)
        turn = next(CALLS) % max(1, len(scenarios))
        return scenarios[turn:] + scenarios[:turn]


class Namesakes(Lanterns):
    def changed(self, items: Sequence[Scenario]) -> Sequence[Scenario]:
        return [items[0], items[1].model_copy(update={"id": items[0].id}), *items[2:]]


class Leaking(Lanterns):
    def changed(self, items: Sequence[Scenario]) -> Sequence[Scenario]:
        train = next(item for item in items if item.split == "train")
        test = next(item for item in items if item.split == "test")
        moved = test.model_copy(update={"cluster": train.cluster})
        return [moved if item is test else item for item in items]


class Deaf(Lanterns):
    def scenarios(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str | None] | None = None,
    ) -> list[Scenario]:
        return super().scenarios(split, channels=channels)

    def grid(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str] | None = None,
        frames: FrameSet = "all",
    ) -> list[Item]:
        items = super().grid(split, channels=channels, frames=frames)
        return [item for item in items if harmful in (None, item.scenario.harmful)]


class Generous(Lanterns):
    def grid(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str] | None = None,
        frames: FrameSet = "all",
    ) -> list[Item]:
        return super().grid(split, channels=channels, frames=frames)


class Overlapping(Lanterns):
    def grid(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str] | None = None,
        frames: FrameSet = "all",
    ) -> list[Item]:
        frames = "all" if frames == "held_out" else frames
        return super().grid(split, harmful=harmful, channels=channels, frames=frames)


class Pointless(Lanterns):
    def grid(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str] | None = None,
        frames: FrameSet = "all",
    ) -> list[Item]:
        items = super().grid(split, harmful=harmful, channels=channels, frames=frames)
        first = LANTERNS[0].id
        return [
            Item(item.scenario, Attack(query="")) if item.scenario.id == first else item
            for item in items
        ]


class Fragile(Lanterns):
    def attack(self, scenario: Scenario, completion: str) -> Attack:
        if "\x00" in completion:
            raise ValueError("a zero")
        return super().attack(scenario, completion)


class Fickle(Lanterns):
    def attack(self, scenario: Scenario, completion: str) -> Attack:
        attack = super().attack(scenario, completion)
        return attack.model_copy(update={"frame": f"f{next(CALLS)}"})


class Unspeakable(Lanterns):
    fingerprint = "unspeakable"  # The pack's own cannot be computed.

    def changed(self, items: Sequence[Scenario]) -> Sequence[Scenario]:
        return [items[0].model_copy(update={"meta": {"note": "\ud800"}}), *items[1:]]


class Misjudged(Lanterns):
    def judge(self) -> Judge:
        return Mixer()


class Homeless(Lanterns):
    default_policies: Mapping[Seat, str] = MappingProxyType(
        {"attacker": "pack/seed", "defender": "apothecary/keyword"}
    )


class Gambling(Lanterns):
    def attack(self, scenario: Scenario, completion: str) -> Attack:
        random.random()
        return super().attack(scenario, completion)


class Labelling(Lanterns):
    def attack(self, scenario: Scenario, completion: str) -> Attack:
        object.__setattr__(scenario, "category", "asked")
        return super().attack(scenario, completion)


class Roaming(Lanterns):
    def attack(self, scenario: Scenario, completion: str) -> Attack:
        os.chdir("/")
        return super().attack(scenario, completion)


WORLDS: dict[str, object] = {
    "fingerprint_stable": Restless,
    "scenarios_repeatable": Shuffling,
    "ids_unique": Namesakes,
    "splits_disjoint": Leaking,
    "scenarios_as_asked": Deaf,
    "grid_in_its_split": Generous,
    "grid_parted": Overlapping,
    "grid_counts": Pointless,
    "completions_never_raise": Fragile,
    "completions_repeatable": Fickle,
    "json_round_trip": Unspeakable,
    "judge_keeps_the_rules": Misjudged,
    "house_policies_play": Homeless,
    "global_random_untouched": Gambling,
    "inputs_unchanged": Labelling,
    "process_unchanged": Roaming,
}
