"""Which items of a suite are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sectow_env.errors import ConfigError, unknown
from sectow_env.game import SPLITS, Split


@dataclass(frozen=True)
class Selection:
    """Which items are asked: what lm-eval's `--metadata` may set."""

    world: str = "apothecary:0"
    """Name of a world, its seed alone, or the path of a scenario pack."""
    splits: tuple[Split, ...] = ("test",)
    per_cell: int = 0
    """Items of each cell (channel x frame); 0 takes all."""
    per_kind: int = 50
    """General questions of each kind."""
    seed: int = 0
    """Chooses among the items of a cell, and draws the general questions."""
    parts: tuple[str, ...] | None = None
    """Parts of the measured world's own suite, such as `recall`; None takes all."""

    def takes(self, part: str) -> bool:
        """Whether a part is among those that are asked."""
        return self.parts is None or part in self.parts

    @classmethod
    def read(cls, metadata: Mapping[str, Any]) -> Selection:
        """From lm-eval's metadata, which contains all sorts of other keys too.

        Raises:
            SectowError: A value is not valid.
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


def _world_name(given: Any) -> str:
    return f"apothecary:{given}" if str(given).isdecimal() else str(given)


def _splits(given: Any) -> tuple[Split, ...]:
    names = given.split(",") if isinstance(given, str) else list(given)
    splits: list[Split] = []
    for name in names:
        matching = [split for split in SPLITS if split == str(name).strip()]
        if not matching:
            raise unknown("split", str(name), SPLITS)
        splits += matching
    return tuple(dict.fromkeys(splits))


def _count(name: str, given: Any) -> int:
    try:
        number = int(given)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise ConfigError(
            given=f"{name}={given!r}",
            why="it is not a whole number from 0 on",
            fix=f"write for example {name}=4",
        )
    return number
