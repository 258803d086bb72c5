"""The suite of a scenario pack: `pack?path=FILE.jsonl`."""

from __future__ import annotations

from pathlib import Path

from sectow_benchmarks.suites.grid import GridSuite
from sectow_env.errors import ConfigError
from sectow_env.game.world import World
from sectow_env.worlds.packs.world import PackWorld


class PackSuite(GridSuite):
    """Attacks and benign requests of a scenario pack, or of any world without a suite of its own.

    Args:
        path: A JSONL pack.
        world: The measured world, in place of a path.
        proxy: See `PackWorld`.
        judge: Spec of a judge; None compares with the pack's references.
        answer_tokens: Longest answer.

    Raises:
        ConfigError: Neither a path nor a world was given.
        PackError: The pack cannot be read.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        world: World | None = None,
        proxy: bool = False,
        judge: str | None = None,
        answer_tokens: int = GridSuite.export_tokens,
    ) -> None:
        if world is not None:
            super().__init__(world)
            return
        if path is None:
            raise ConfigError(
                given="the suite pack without a path",
                why="it asks the scenarios of a file",
                fix="write pack?path=FILE.jsonl",
            )
        pack = PackWorld.read(path, proxy=proxy)
        super().__init__(pack, name=pack.id, judge=judge, answer_tokens=answer_tokens)
