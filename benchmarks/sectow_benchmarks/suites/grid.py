"""The suite that every world has: its grid of attacks, and the benign requests beside them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np

from sectow_benchmarks.suites.base import Export, Role, SuiteItem
from sectow_benchmarks.suites.figure import Figure
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.suites.source import Source
from sectow_env.game import Attack, Scenario, Split, screen
from sectow_env.game.world import Item, World, attack_facts

_STREAM = 20250722
PARTS: tuple[tuple[str, Role, bool], ...] = (
    ("safety", "safety", True),
    ("twins", "over_refusal", False),
)
"""Name, role, and whether the scenarios are harmful."""


class GridSuite:
    """Attacks of a world's grid, and its benign requests.

    Args:
        world: Any world.
        name: What samples carry; empty for the measured world's own suite, whose parts go by their
            own names (`safety`, `twins`).
        judge: Spec of a judge; None takes the one that knows the world best.
        answer_tokens: Longest answer; None takes the evaluation's.
    """

    figures: ClassVar[tuple[Figure, ...]] = ()
    exports: ClassVar[tuple[Export, ...]] = (
        Export("safety", "attack", False, "Harmful scenarios without a picture"),
        Export("safety", "attack", True, "Harmful scenarios with a picture"),
        Export("twins", "benign", False, "Benign scenarios without a picture"),
        Export("twins", "benign", True, "Benign scenarios with a picture"),
    )
    export_tokens: ClassVar[int] = 256
    """Longest answer of its lm-eval tasks."""
    revision = 1
    licence: str | None = None
    gate: str | None = None
    source: Source | None = None

    def __init__(
        self,
        world: World,
        *,
        name: str = "",
        judge: str | None = None,
        answer_tokens: int | None = None,
    ) -> None:
        self.world = world
        self.name = name
        self.judge = judge
        self.answer_tokens = answer_tokens

    def items(self, selection: Selection) -> Sequence[SuiteItem]:
        """The chosen items, texts before pictures, then those that the rules do not let count."""
        counting: list[SuiteItem] = []
        grid = [part for part in PARTS if selection.takes(part[0])]
        for part, role, harmful in grid:
            counting += self._grid(selection, part, role, harmful, valid=True)
        counting += self.more(selection)
        uncounted: list[SuiteItem] = []
        for part, role, harmful in grid:
            uncounted += self._grid(selection, part, role, harmful, valid=False)
        return counting + uncounted

    def more(self, selection: Selection) -> list[SuiteItem]:
        """Items beside the grid; a world may have some of its own."""
        del selection
        return []

    def item(
        self,
        part: str,
        role: Role,
        scenario: Scenario,
        attack: Attack,
        *,
        prefix: str = "",
        target: str | None = None,
    ) -> SuiteItem:
        """One item of a part."""
        suite = self.name or part
        return SuiteItem(
            id=f"{suite}/{scenario.id}/{attack.frame or ''}",
            suite=suite,
            role=role,
            scenario=scenario,
            attack=attack,
            stratum=self.stratum(scenario, attack),
            prefix=prefix,
            target=scenario.reference or "" if target is None else target,
            facts=attack_facts(self.world, attack),
        )

    def stratum(self, scenario: Scenario, attack: Attack) -> str:
        """What the rates of a suite beside the world are weighted by."""
        if self.name:
            return attack.channel or scenario.channel or scenario.category
        return scenario.meta.get("stratum", "")

    def _grid(
        self, selection: Selection, part: str, role: Role, harmful: bool, *, valid: bool
    ) -> list[SuiteItem]:
        items = grid_items(self.world, selection, harmful=harmful, valid=valid)
        if valid:
            items.sort(key=lambda item: item.attack.image is not None)
        return [self.item(part, role, *item) for item in items]


def grid_items(
    world: World, selection: Selection, *, harmful: bool, valid: bool = True
) -> list[Item]:
    """The chosen items of a world's grid, all channels.

    Args:
        world: Any world.
        selection: Which items.
        harmful: The attacks, or the benign requests.
        valid: Those that the world's rules let count, or those that they do not.
    """
    chosen: list[Item] = []
    for split in selection.splits:
        items = _grid_of(world, split, harmful)
        kept = [item for item in items if (item.attack.invalid is None) == valid]
        chosen += thin(kept, selection.per_cell, selection.seed)
    return chosen


@dataclass(frozen=True)
class _Part:
    """A part of a world's grid, known by what decides it: the same world is built many times."""

    world: World = field(compare=False)
    kind: type
    id: str
    fingerprint: str
    split: Split
    harmful: bool


def _grid_of(world: World, split: Split, harmful: bool) -> tuple[Item, ...]:
    return _screened(_Part(world, type(world), world.id, world.fingerprint, split, harmful))


@lru_cache(maxsize=16)
def _screened(part: _Part) -> tuple[Item, ...]:
    items = part.world.grid(part.split, harmful=part.harmful)
    scenarios, attacks = [item.scenario for item in items], [item.attack for item in items]
    checked = screen(scenarios, attacks, part.world.rules)
    return tuple(Item(*pair) for pair in zip(scenarios, checked, strict=True))


def thin(items: Iterable[Item], per_cell: int, seed: int) -> list[Item]:
    """Take `per_cell` items of each cell, so that all clusters are asked about equally often.

    Args:
        items: Of one split.
        per_cell: 0 takes all.
        seed: Breaks ties.
    """
    if per_cell == 0:
        return list(items)
    cells: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        cells[item.attack.channel or "", item.attack.frame or ""].append(item)
    rng = np.random.Generator(np.random.PCG64([_STREAM, 5, seed]))
    used: Counter[tuple[str, ...]] = Counter()
    chosen: list[Item] = []
    for (channel, _), cell in cells.items():
        clusters = [item.scenario.cluster or item.scenario.id for item in cell]
        order = sorted(
            (int(index) for index in rng.permutation(len(cell))),
            key=lambda index: (used[channel, clusters[index]], used[(clusters[index],)]),
        )
        for index in sorted(order[:per_cell]):
            used[channel, clusters[index]] += 1
            used[(clusters[index],)] += 1
            chosen.append(cell[index])
    return chosen
