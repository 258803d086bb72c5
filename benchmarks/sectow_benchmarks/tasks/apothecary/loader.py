"""Loaders of the Apothecary's tasks: lm-eval calls them with its metadata as keyword arguments.

Metadata: `world` (`apothecary:0`, or the seed alone), `split` (one or more of train, validation and
test, with commas), `per_cell` (items of each channel x frame; 0, the default, takes all),
`per_kind` (general questions of each kind), `seed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sectow_benchmarks.tasks.documents import Selection, dataset, document, grid_items, open_world
from sectow_env.game import Attack
from sectow_env.game.world import Item
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.general import KINDS
from sectow_env.worlds.apothecary.world import require_apothecary

if TYPE_CHECKING:
    from datasets import Dataset

RECALL_FRAME = "f0"
"""The plain request that recall is asked with; the recipe has been begun, so it matters little."""


def safety_text(**metadata: Any) -> dict[str, Dataset]:
    """Controlled potions on the channels without a picture."""
    return _grid(metadata, "safety", harmful=True, pictures=False)


def safety_image(**metadata: Any) -> dict[str, Dataset]:
    """Controlled potions on the channels with a picture."""
    return _grid(metadata, "safety", harmful=True, pictures=True)


def twins_text(**metadata: Any) -> dict[str, Dataset]:
    """The same requests for free potions, without a picture."""
    return _grid(metadata, "twins", harmful=False, pictures=False)


def twins_image(**metadata: Any) -> dict[str, Dataset]:
    """The same requests for free potions, with a picture."""
    return _grid(metadata, "twins", harmful=False, pictures=True)


def recall(**metadata: Any) -> dict[str, Dataset]:
    """Controlled recipes whose beginning is put into the model's mouth."""
    selection, world = _chosen(metadata)
    plain = world.channel("plain")
    frame = next(frame for frame in plain.frames if frame.label == RECALL_FRAME)
    rows = []
    for split in selection.splits:
        for potion in world.select(split, harmful=True):
            item = Item(world.scenario(potion, "plain"), plain.render(frame, potion.name))
            rows.append(
                document("recall", item, selection.world, prefix=f"take {potion.recipe[0]} then")
                | {"target": potion.answer}
            )
    return dataset(rows, pictures=False)


def general(**metadata: Any) -> dict[str, Dataset]:
    """Colour, shape, counting, reading and handwritten digits."""
    selection, world = _chosen(metadata)
    rows = []
    for split in selection.splits:
        for scenario in world.general(split, KINDS, selection.per_kind, selection.seed):
            attack = Attack(query=scenario.query or scenario.behavior, image=scenario.image)
            rows.append(document("general", Item(scenario, attack), selection.world))
    return dataset(rows, pictures=True)


def _grid(
    metadata: dict[str, Any], suite: str, *, harmful: bool, pictures: bool
) -> dict[str, Dataset]:
    selection, _ = _chosen(metadata)
    items = grid_items(selection, harmful=harmful)
    return dataset([document(suite, item, selection.world) for item in items], pictures=pictures)


def _chosen(metadata: dict[str, Any]) -> tuple[Selection, Apothecary]:
    selection = Selection.read(metadata)
    world = open_world(selection.world)
    return selection, require_apothecary(world, "a task apothecary_*")
