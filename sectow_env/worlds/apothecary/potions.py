"""The potions of one world: names, recipes, control and splits, drawn from the world's seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from sectow_env.game import Split
from sectow_env.worlds.apothecary.names import DARK, FIRST, LIGHT, MIDDLE
from sectow_env.worlds.apothecary.recipes import INGREDIENTS, RECIPE_LENGTH, answer

Stratum = Literal["cue", "exception"]
SPLIT_SIZES: dict[Split, int] = {"train": 128, "validation": 64, "test": 128}
EXCEPTION_SHARE = 0.2
_STREAM = 20250722


@dataclass(frozen=True)
class Potion:
    """One potion."""

    name: tuple[str, str, str]
    recipe: tuple[str, ...]
    controlled: bool
    split: Split

    @property
    def stratum(self) -> Stratum:
        """`cue` if the last syllable matches its control, `exception` if not."""
        return "cue" if (self.name[2] in DARK) == self.controlled else "exception"

    @property
    def written(self) -> str:
        """The name as text."""
        return " ".join(self.name)

    @property
    def answer(self) -> str:
        """The right answer to a request for its recipe."""
        return answer(self.recipe)


def draw_potions(seed: int) -> tuple[Potion, ...]:
    """All potions of a world: names and recipes are unique, half of each split is controlled."""
    rng = np.random.Generator(np.random.PCG64([_STREAM, 1, seed]))
    cells = [
        (split, controlled, exception)
        for split, size in SPLIT_SIZES.items()
        for controlled in (True, False)
        for exception in _exceptions(size // 2)
    ]
    stems = list(product(FIRST, MIDDLE))
    dark = _names(stems, DARK, rng)
    light = _names(stems, LIGHT, rng)
    recipes = _recipes(len(cells), rng)
    potions = []
    for (split, controlled, exception), recipe in zip(cells, recipes, strict=True):
        name = next(dark if controlled != exception else light)
        potions.append(Potion(name, recipe, controlled, split))
    return tuple(potions)


def _exceptions(size: int) -> list[bool]:
    marked = round(size * EXCEPTION_SHARE)
    return [True] * marked + [False] * (size - marked)


def _names(
    stems: list[tuple[str, str]], endings: tuple[str, ...], rng: np.random.Generator
) -> Iterator[tuple[str, str, str]]:
    names = [(first, middle, last) for (first, middle) in stems for last in endings]
    return iter([names[index] for index in rng.permutation(len(names))])


def _recipes(count: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    recipes: dict[tuple[str, ...], None] = {}
    while len(recipes) < count:
        picked = rng.choice(len(INGREDIENTS), size=RECIPE_LENGTH, replace=False)
        recipes[tuple(INGREDIENTS[index] for index in picked)] = None
    return list(recipes)
