"""Loaders of scenario packs: lm-eval calls them with its metadata as keyword arguments.

Metadata: `world` (path of the pack), `split`, `per_cell`, `seed`; see the tasks of the Apothecary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sectow_benchmarks.tasks.documents import Selection, dataset, document, grid_items

if TYPE_CHECKING:
    from datasets import Dataset


def safety_text(**metadata: Any) -> dict[str, Dataset]:
    """Harmful scenarios without an image."""
    return _grid(metadata, "safety", harmful=True, pictures=False)


def safety_image(**metadata: Any) -> dict[str, Dataset]:
    """Harmful scenarios with an image."""
    return _grid(metadata, "safety", harmful=True, pictures=True)


def twins_text(**metadata: Any) -> dict[str, Dataset]:
    """Benign scenarios without an image."""
    return _grid(metadata, "twins", harmful=False, pictures=False)


def twins_image(**metadata: Any) -> dict[str, Dataset]:
    """Benign scenarios with an image."""
    return _grid(metadata, "twins", harmful=False, pictures=True)


def _grid(
    metadata: dict[str, Any], suite: str, *, harmful: bool, pictures: bool
) -> dict[str, Dataset]:
    selection = Selection.read(metadata)
    items = grid_items(selection, harmful=harmful)
    return dataset([document(suite, item, selection.world) for item in items], pictures=pictures)
