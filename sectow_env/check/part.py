"""A judge, policy or renderer under check, called in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sectow_env.check.compare import fresh
from sectow_env.check.fault import Skip, blamed
from sectow_env.check.process import Process
from sectow_env.game import Reseedable
from sectow_env.game.world import World


@dataclass(frozen=True)
class Verb:
    """How a part is called."""

    method: str
    """Name of its method, from a list of items to a list of answers."""
    answer: str
    """What an answer is called."""
    types: tuple[type, ...]
    """What an answer may be."""


@dataclass(frozen=True)
class PartSubject:
    """A part under check.

    Attributes:
        who: How findings name it, such as ``the judge mine/strict``.
        part: The part itself.
        verb: How it is called.
        items: Its inputs, sorted by id.
        world: The world in which it is checked.
        seed: Seed of the items and of the part's draws.
        process: The process before the first call.
        build: Makes the part again; None where it was given as an object.
    """

    who: str
    part: Any
    verb: Verb
    items: Sequence[Any]
    world: World
    seed: int
    process: Process = field(default_factory=Process)
    build: Callable[[], object] | None = None

    @cached_property
    def seeds(self) -> list[int]:
        """Seeds for `reseed`, one per item."""
        return [self.seed + 1000 * index for index in range(len(self.items))]

    @cached_property
    def answers(self) -> list[Any]:
        """The part's answers to all items in one batch.

        Raises:
            Fault: It raised something.
            Skip: It does not give one answer per item; see `one_answer_an_item`.
        """
        return self.ask(self.items, self.seeds)

    def raw(self, items: Sequence[Any], seeds: Sequence[int], *, as_it_is: bool = False) -> Any:
        """What the part returns for these items, unchecked.

        Args:
            items: The batch.
            seeds: Seeds for `reseed`, one per item.
            as_it_is: Hand over the batch itself, not a copy that the part may write into.

        Raises:
            Fault: It raised something.
        """
        with blamed(self.who):
            if isinstance(self.part, Reseedable):
                self.part.reseed(list(seeds))
            return getattr(self.part, self.verb.method)(items if as_it_is else fresh([*items]))

    def ask(self, items: Sequence[Any], seeds: Sequence[int] | None = None) -> list[Any]:
        """The part's answers, one per item; the seeds default to those of the first items.

        Raises:
            Fault: It raised something.
            Skip: It does not give one answer per item.
        """
        answers = self.raw(items, self.seeds[: len(items)] if seeds is None else seeds)
        if self.misfit(answers, len(items)):
            raise Skip("it does not give one answer per item: see one_answer_an_item")
        return list(answers)

    def misfit(self, answers: Any, number: int) -> str | None:
        """What is wrong with the number or types of the answers, or None."""
        method, answer = self.verb.method, self.verb.answer
        if not isinstance(answers, list | tuple):
            return f"{method} gives {type(answers).__name__}, not a list"
        if len(answers) != number:
            return f"{method} gives {len(answers)} {answer}s for {number} items"
        for entry in answers:
            if not isinstance(entry, self.verb.types):
                return f"{method} gives {type(entry).__name__} for {answer}"
        return None
