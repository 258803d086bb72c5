"""Documents of lm-eval tasks: items of a world's grid with every column that a run is cut by."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from sectow_env.errors import ConfigError, SectowError, unknown
from sectow_env.game import SPLITS, Attack, Scenario, Split, screen
from sectow_env.game.picture import Picture
from sectow_env.game.world import Item, World, attack_facts
from sectow_env.resolve.worlds import load_world

if TYPE_CHECKING:
    from datasets import Dataset

PLACEHOLDER = "<image>"
"""Where lm-eval puts a picture into a text."""
ITEMS = "items"
"""The one split of our datasets: lm-eval's splits are not ours, which are a column."""
_STREAM = 20250722


@dataclass(frozen=True)
class Selection:
    """Which items of a world are asked: what `--metadata` may say."""

    world: str = "apothecary:0"
    """Name of a world, its seed alone, or the path of a scenario pack."""
    splits: tuple[Split, ...] = ("test",)
    per_cell: int = 0
    """Items of each cell (channel x frame); 0 takes all."""
    per_kind: int = 50
    """General questions of each kind."""
    seed: int = 0
    """Chooses among the items of a cell, and draws the general questions."""

    @classmethod
    def read(cls, metadata: Mapping[str, Any]) -> Selection:
        """From lm-eval's metadata, which holds all sorts of other keys too.

        Raises:
            SectowError: A value cannot be meant.
        """
        return cls(
            world=_world_name(metadata.get("world", cls.world)),
            splits=_splits(metadata.get("split", "test")),
            per_cell=_count("per_cell", metadata.get("per_cell", cls.per_cell)),
            per_kind=_count("per_kind", metadata.get("per_kind", cls.per_kind)),
            seed=_count("seed", metadata.get("seed", cls.seed)),
        )

    def metadata(self) -> dict[str, Any]:
        """What `read` reads back."""
        return {
            "world": self.world,
            "split": ",".join(self.splits),
            "per_cell": self.per_cell,
            "per_kind": self.per_kind,
            "seed": self.seed,
        }


_INTRODUCED: dict[str, World] = {}


def introduce(name: str, world: World) -> None:
    """Make a world known to this process by a name, for one that has no registered name.

    Tasks know their world by its name alone. A trusted caller so hands over a world that was built
    in Python, or from an import path that the user gave; a task's metadata may never name one.
    """
    if _INTRODUCED.get(name) is not world:
        _grid.cache_clear()
    _INTRODUCED[name] = world


def open_world(name: str) -> World:
    """The world of this name; built once, because every task asks for it."""
    return _INTRODUCED[name] if name in _INTRODUCED else _built(name)


@lru_cache(maxsize=8)
def _built(name: str) -> World:
    return load_world(name)


def grid_items(selection: Selection, *, harmful: bool, valid: bool = True) -> list[Item]:
    """The chosen items of the grid, all channels.

    Args:
        selection: Which ones.
        harmful: The attacks, or the benign requests.
        valid: Those that the world's rules let count, or those that they do not.
    """
    found: list[Item] = []
    for split in selection.splits:
        items = _grid(selection.world, split, harmful)
        kept = [item for item in items if (item.attack.invalid is None) == valid]
        found += thin(kept, selection.per_cell, selection.seed)
    return found


@lru_cache(maxsize=16)
def _grid(name: str, split: Split, harmful: bool) -> tuple[Item, ...]:
    world = open_world(name)
    items = world.grid(split, harmful=harmful)
    scenarios, attacks = [item.scenario for item in items], [item.attack for item in items]
    checked = screen(scenarios, attacks, world.rules)
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
        clusters = [_cluster(item.scenario) for item in cell]
        order = sorted(
            (int(index) for index in rng.permutation(len(cell))),
            key=lambda index: (used[channel, clusters[index]], used[(clusters[index],)]),
        )
        for index in sorted(order[:per_cell]):
            used[channel, clusters[index]] += 1
            used[(clusters[index],)] += 1
            chosen.append(cell[index])
    return chosen


def document(suite: str, item: Item, world: str, *, prefix: str = "") -> dict[str, Any]:
    """One item of the world that goes by this name as a row of a dataset.

    Raises:
        SectowError: Its query holds lm-eval's picture placeholder.
    """
    scenario, attack = item
    if PLACEHOLDER in attack.query:
        raise SectowError(
            given=f"the query of scenario {scenario.id!r}",
            why=f"it holds {PLACEHOLDER}, where lm-eval would expect another picture",
            fix="take the placeholder out: a scenario's picture is its own column",
        )
    row = {
        "item": "/".join((suite, scenario.id, attack.frame or "")),
        "world": world,
        "suite": suite,
        "split": scenario.split,
        "channel": attack.channel or scenario.channel or "",
        "frame": attack.frame or "",
        "stratum": scenario.meta.get("stratum", ""),
        "cluster": _cluster(scenario),
        "category": scenario.category,
        "harmful_scenario": scenario.harmful,
        "text": (PLACEHOLDER if attack.image is not None else "") + attack.query,
        "prefix": prefix,
        "target": scenario.reference or "",
        "scenario": scenario.model_dump_json(exclude={"image"}),
        "attack": attack.model_dump_json(exclude={"image"}),
        **vars(attack_facts(open_world(world), attack)),
    }
    if attack.image is not None:
        row["picture"] = attack.image.sha256
        row["image"] = {"bytes": attack.image.png, "path": None}
    return row


def dataset(rows: Sequence[Mapping[str, Any]], *, pictures: bool) -> dict[str, Dataset]:
    """The rows with a picture, or those without one: lm-eval must not mix them in one task.

    Raises:
        SectowError: Nothing is left.
    """
    from datasets import Dataset, Features, Value
    from datasets import Image as ImageColumn

    kept = [dict(row) for row in rows if ("image" in row) == pictures]
    if not kept:
        raise SectowError(
            given="the chosen world and split",
            why=f"they hold no item {'with' if pictures else 'without'} a picture",
            fix="leave this task out",
        )
    columns: dict[str, Any] = {name: Value("string") for name in kept[0]}
    columns["harmful_scenario"] = Value("bool")
    if pictures:
        columns["image"] = ImageColumn()
    return {ITEMS: Dataset.from_list(kept, features=Features(columns))}


def read_scenario(row: Mapping[str, Any]) -> Scenario:
    """The scenario of a document, without its seed image."""
    return Scenario.model_validate(json.loads(row["scenario"]))


def read_attack(row: Mapping[str, Any]) -> Attack:
    """The attack of a document, with its picture where the row holds one."""
    attack = Attack.model_validate(json.loads(row["attack"]))
    if not isinstance(row.get("image"), Image.Image):
        return attack
    return attack.model_copy(update={"image": Picture.from_pil(row["image"])})


def _cluster(scenario: Scenario) -> str:
    return scenario.cluster or scenario.id


def _world_name(given: Any) -> str:
    return f"apothecary:{given}" if str(given).isdecimal() else str(given)


def _splits(given: Any) -> tuple[Split, ...]:
    names = given.split(",") if isinstance(given, str) else list(given)
    found: list[Split] = []
    for name in names:
        matching = [split for split in SPLITS if split == str(name).strip()]
        if not matching:
            raise unknown("split", str(name), SPLITS)
        found += matching
    return tuple(dict.fromkeys(found))


def _count(name: str, given: Any) -> int:
    try:
        number = int(given)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise ConfigError(
            given=f"{name}={given!r}",
            why="it is no whole number from 0 on",
            fix=f"write for example {name}=4",
        )
    return number
