"""What a measurement would ask, without asking it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sectow_benchmarks.evaluation.attackers import CEILING, FREE, STRATIFIED, AttackSetup
from sectow_benchmarks.evaluation.foreign_tasks import ForeignSettings, ForeignTasks
from sectow_benchmarks.evaluation.questions import questions_of
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.attack_packs import AttackPack
from sectow_env.game.world import World, world_facts
from sectow_env.resolve.parts import find_judge, find_reward


def setup_of(settings: MeasureSettings, world: World) -> AttackSetup:
    """Where the attackers of a measurement play."""
    judge = find_judge(settings.judge, world)
    split, attempts = settings.learned_split, settings.attempts
    return AttackSetup(world, judge, find_reward(None), split, attempts, settings.seed)


def foreign_tasks(settings: MeasureSettings) -> ForeignTasks | None:
    """The tasks of lm-eval of a measurement, loaded; None where it has none.

    Raises:
        SectowError: A task is not known or cannot be loaded.
    """
    if not (settings.tasks or settings.mini_tasks):
        return None
    how = ForeignSettings(
        include=settings.include,
        limit=settings.limit,
        system=settings.system,
        seed=settings.seed,
    )
    return ForeignTasks.load(settings.tasks, how, minis=settings.mini_tasks)


def planned(
    settings: MeasureSettings,
    world: World,
    *,
    prefilled: bool,
    attacked: bool,
    pack: AttackPack | None,
) -> list[dict[str, Any]]:
    """One row per suite and decoding: `suite`, `decoding`, `questions`.

    Args:
        settings: What is asked.
        world: What is played.
        prefilled: Whether the model can continue a beginning.
        attacked: Whether there is an attacker.
        pack: Frozen attacks.
    """
    foreign = foreign_tasks(settings)
    rows = [
        *_items(settings, world, prefilled, pack),
        *((suite, "as the task says", count) for suite, count in _counts(foreign).items()),
        *_attackers(settings, world, attacked),
    ]
    return [dict(zip(("suite", "decoding", "questions"), row, strict=True)) for row in rows]


def _counts(tasks: ForeignTasks | None) -> dict[str, int]:
    return {} if tasks is None else tasks.counts()


Line = tuple[str, str, int]


def _items(
    settings: MeasureSettings, world: World, prefilled: bool, pack: AttackPack | None
) -> Iterator[Line]:
    suites = questions_of(settings, world, allow_import_path=True)
    for decoding in settings.decodings:
        first = decoding == settings.decodings[0]
        for questions in suites:
            items = questions.items(first=first, prefilled=prefilled)
            for (suite, role), count in Counter((item.suite, item.role) for item in items).items():
                yield suite if questions.own else f"{suite}, {role}", decoding, count
        if pack is not None and "attacks" in settings.suites:
            yield "attacks", decoding, len(pack.items[: settings.limit or None])


def _attackers(settings: MeasureSettings, world: World, attacked: bool) -> Iterator[Line]:
    setup = setup_of(settings, world)
    for suite, free, included in (
        (STRATIFIED, False, attacked and setup.stratified),
        (FREE, True, attacked),
        (CEILING, False, world_facts(world).oracle is not None),
    ):
        if included and suite in settings.suites:
            count = len(setup.scenarios(free=free)[: settings.limit or None])
            yield suite, "sampled", count
