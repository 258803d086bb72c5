"""What is asked in an evaluation, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from sectow_benchmarks.suites.revisions import REVISIONS
from sectow_benchmarks.suites.selection import Selection
from sectow_env.game import Frozen, Split
from sectow_env.game.decoding import Decoding

DecodingName = Literal["greedy", "sampled"]
DECODINGS: tuple[DecodingName, ...] = ("greedy", "sampled")
SUITES = tuple(REVISIONS)
"""Suites of the measured world and of attackers."""


class MeasureSettings(Frozen):
    """What is asked, and how."""

    world: str | None = "apothecary:0"
    """Name of a world, or the path of a scenario pack; None where no suite of a world is asked."""
    suites: tuple[str, ...] = SUITES
    """Names among `SUITES`, of which those are asked that world and model allow; and specs of
    suites beside the world, such as `pack?path=FILE.jsonl`."""
    tasks: tuple[str, ...] = ()
    """Tasks of lm-eval that are asked too: names of tasks, groups and tags, or paths of YAML
    files. How answers are drawn and how long they may be is the task's own affair."""
    mini_tasks: tuple[str, ...] = ()
    """Tasks of lm-eval of which the mini is asked: some documents, the same for everybody."""
    groups: tuple[str, ...] = ()
    """The groups whose members are among the suites and tasks, for the reader."""
    include: tuple[Path, ...] = ()
    """Folders with tasks of the user's own."""
    splits: tuple[Split, ...] = ("train", "test")
    per_cell: int = Field(default=0, ge=0)
    """Items of each cell (channel x frame) of the grid; 0 takes all."""
    per_kind: int = Field(default=50, ge=0)
    """General questions of each kind and split."""
    decodings: tuple[DecodingName, ...] = DECODINGS
    """Of the grid and its twins; recall and general questions are asked greedily."""
    temperature: float = Field(default=1.0, gt=0.0)
    """Of sampled decoding."""
    max_new_tokens: int = Field(default=32, gt=0)
    system: str | None = None
    """System prompt of the defender."""
    judge: str | None = None
    """A registered judge; default: the one that knows the world best."""
    also: tuple[str, ...] = ()
    """Registered judges that look at the answers too; figures do not go by them."""
    published: str | None = None
    """Settings of an endpoint, such as `base_url=...&model=...`: the judges of the suites' authors
    look at their suites too, by it."""
    judge_limit: int = Field(default=0, ge=0)
    """Most samples of each suite and decoding that a judge asks a model about; 0: all."""
    learned_split: Split = "validation"
    """Scenarios of the attackers."""
    attempts: int = Field(default=1, gt=0)
    """Attacks a scenario."""
    attacks: str | None = None
    """Folder of a pack of frozen attacks."""
    seed: int = 0
    limit: int = Field(default=0, ge=0)
    """Documents of each task and scenarios of each attacker, to try things out; 0 takes all."""

    def selection(self) -> Selection:
        """The items of the grid."""
        return Selection(self.world or "", self.splits, self.per_cell, self.per_kind, self.seed)

    def others(self) -> tuple[str, ...]:
        """Specs of the suites beside the measured world, where any items are asked."""
        return tuple(name for name in self.suites if self.decodings and name not in SUITES)

    def decoding(self, name: DecodingName) -> Decoding:
        """How answers are drawn."""
        return Decoding(name == "sampled", self.temperature, self.max_new_tokens, self.seed)
