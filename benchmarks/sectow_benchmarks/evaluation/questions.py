"""Which items an evaluation asks: of the measured world's own suite and of those beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.suites.base import ONCE, Suite, SuiteItem
from sectow_benchmarks.suites.registry import find_suite, kind_of_world, suite_of_world
from sectow_benchmarks.suites.revisions import OF_THE_WORLD
from sectow_env.files import folder_name
from sectow_env.game.world import World
from sectow_env.registry.spec import parse_spec


@dataclass(frozen=True)
class SuiteQuestions:
    """One suite of an evaluation, with its chosen items."""

    suite: Suite
    kind: str
    """Its registered name."""
    own: bool
    """Whether it is that of the measured world."""
    chosen: tuple[SuiteItem, ...]

    def items(self, *, first: bool, prefilled: bool) -> list[SuiteItem]:
        """What is asked in one decoding.

        Args:
            first: Whether it is the first decoding: some roles are asked once.
            prefilled: Whether the defender can continue a beginning.
        """
        return [
            item
            for item in self.chosen
            if item.attack.invalid is None
            and (first or item.role not in ONCE)
            and (prefilled or not item.prefix)
        ]

    def unit(self, decoding: str) -> str:
        """What its unit of work in a decoding is called."""
        return decoding if self.own else f"{folder_name(self.suite.name)}-{decoding}"

    def uncounted(self) -> list[SuiteItem]:
        """Items that the rules do not let count: their rows give the reason."""
        return [item for item in self.chosen if item.attack.invalid is not None]


def questions_of(
    settings: MeasureSettings,
    world: World,
    others: Sequence[Suite] | None = None,
    *,
    allow_import_path: bool = False,
) -> list[SuiteQuestions]:
    """The suites of an evaluation in the order in which they are asked, its world's own first.

    Args:
        settings: Which items.
        world: The measured world.
        others: The suites beside it, where they are built already.
        allow_import_path: As in `find_suite`.

    Raises:
        SectowError: A suite is not known or cannot be read.
    """
    if not settings.decodings:
        return []
    selection = settings.selection()
    suites: list[SuiteQuestions] = []
    parts = [name for name in settings.suites if name in OF_THE_WORLD]
    if parts:
        suite = suite_of_world(world)
        own = replace(selection, parts=tuple(parts))
        # A suite of another package may give more than the parts.
        items = [item for item in suite.items(own) if item.suite in parts]
        chosen = _limited(items, settings.limit)
        suites.append(SuiteQuestions(suite, kind_of_world(world), True, chosen))
    for number, spec in enumerate(settings.others()):
        if others is None:
            suite = find_suite(spec, allow_import_path=allow_import_path)
        else:
            suite = others[number]
        items = list(suite.items(selection))
        kind = parse_spec(spec).name
        suites.append(SuiteQuestions(suite, kind, False, _limited(items, settings.limit)))
    return suites


def _limited(items: Sequence[SuiteItem], limit: int) -> tuple[SuiteItem, ...]:
    """The first items of each suite and role that are asked, texts and pictures apart."""
    if not limit:
        return tuple(items)
    counts: Counter[tuple[str, str, bool]] = Counter()
    kept = []
    for item in items:
        kind = (item.suite, item.role, item.attack.image is not None)
        counts[kind] += item.attack.invalid is None
        if item.attack.invalid is not None or counts[kind] <= limit:
            kept.append(item)
    return tuple(kept)
