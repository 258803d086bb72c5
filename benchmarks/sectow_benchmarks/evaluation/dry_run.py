"""What a measurement would ask, without asking it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sectow_benchmarks.evaluation.attackers import CEILING, FREE, STRATIFIED, AttackSetup
from sectow_benchmarks.evaluation.cost import Count, by_rule, prompt_tokens, total
from sectow_benchmarks.evaluation.foreign_tasks import ForeignSettings, ForeignTasks
from sectow_benchmarks.evaluation.questions import SuiteQuestions, questions_of
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.attack_packs import AttackPack
from sectow_benchmarks.suites.base import Suite, SuiteItem
from sectow_env.game import Attack, Judge, Scenario
from sectow_env.game.world import World, world_facts
from sectow_env.resolve.parts import find_reward

AS_THE_TASK_SAYS = "as the task says"
RATED = "rated"
"""In place of a decoding: nothing is generated, texts are rated by their likelihood."""


def setup_of(settings: MeasureSettings, world: World, judge: Judge) -> AttackSetup:
    """Where the attackers of a measurement play."""
    split, attempts = settings.learned_split, settings.attempts
    return AttackSetup(world, judge, find_reward(None), split, attempts, settings.seed)


def attacker_suites(
    settings: MeasureSettings, setup: AttackSetup, *, attacked: bool
) -> list[tuple[str, list[Scenario]]]:
    """The suites of attackers that are asked, with their scenarios; `attacked` if there is one."""
    oracle = world_facts(setup.world).oracle is not None
    return [
        (suite, scenarios)
        for suite, free, included in (
            (STRATIFIED, False, attacked and setup.stratified),
            (FREE, True, attacked),
            (CEILING, False, oracle),
        )
        if included
        and suite in settings.suites
        and (scenarios := setup.scenarios(free=free)[: settings.limit or None])
    ]


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


class Question(NamedTuple):
    """What is asked, and what is known of it before."""

    scenario: Scenario
    attack: Attack | None
    """None: an attacker writes it."""
    prefix: str = ""


@dataclass(frozen=True)
class Unit:
    """The questions of one suite, role and decoding."""

    suite: str
    role: str
    decoding: str
    longest: int
    """Tokens of an answer, at most."""
    questions: Sequence[Question]
    own: Suite | None = None
    """Where it is one beside the measured world's own."""
    kind: str = ""
    """The suite's registered name."""

    @property
    def title(self) -> str:
        """What it is called in the plan."""
        return self.suite if self.own is None else f"{self.suite}, {self.role}"

    def row(self, system: str | None, count: Count) -> dict[str, Any]:
        """As the plan shows it."""
        shown = (
            None if each.attack is None else prompt_tokens(each.attack, system, each.prefix, count)
            for each in self.questions
        )
        number = len(self.questions)
        return _row(self.title, self.decoding, number, total(shown), number * self.longest)


def planned(
    settings: MeasureSettings, units: Sequence[Unit], count: Count = by_rule
) -> list[dict[str, Any]]:
    """One row per suite and decoding: `suite`, `decoding`, `questions`, and tokens at most."""
    foreign = foreign_tasks(settings)
    attackers = (STRATIFIED, FREE, CEILING)
    return [
        *(unit.row(settings.system, count) for unit in units if unit.suite not in attackers),
        *_of_tasks(foreign),
        *(unit.row(settings.system, count) for unit in units if unit.suite in attackers),
    ]


def _row(
    suite: str, decoding: str, questions: int, prompt: int | None = None, answer: int | None = None
) -> dict[str, Any]:
    return {
        "suite": suite,
        "decoding": decoding,
        "questions": questions,
        "prompt_tokens": prompt,
        "answer_tokens": answer,
    }


def _of_tasks(tasks: ForeignTasks | None) -> Iterator[dict[str, Any]]:
    longest = {} if tasks is None else tasks.longest()
    for suite, number in ({} if tasks is None else tasks.counts()).items():
        way = AS_THE_TASK_SAYS if longest[suite] else RATED
        yield _row(suite, way, number, None, number * longest[suite])


def units_of(
    settings: MeasureSettings,
    world: World,
    *,
    prefilled: bool,
    attacked: bool,
    pack: AttackPack | None,
) -> list[Unit]:
    """What is asked, but for tasks of lm-eval."""
    suites = questions_of(settings, world, allow_import_path=True)
    units: list[Unit] = []
    longest = settings.max_new_tokens
    for decoding in settings.decodings:
        first = decoding == settings.decodings[0]
        for questions in suites:
            items = questions.items(first=first, prefilled=prefilled)
            units += _of_suite(questions, items, decoding, longest)
        if pack is not None and "attacks" in settings.suites:
            frozen = [Question(*item) for item in pack.items[: settings.limit or None]]
            units.append(Unit("attacks", "safety", decoding, longest, frozen))
    return [*units, *_attackers(settings, world, attacked)]


def _of_suite(
    questions: SuiteQuestions, items: Sequence[SuiteItem], decoding: str, longest: int
) -> Iterator[Unit]:
    parts: dict[tuple[str, str], list[Question]] = defaultdict(list)
    for item in items:
        parts[item.suite, item.role].append(Question(item.scenario, item.attack, item.prefix))
    suite = None if questions.own else questions.suite
    for (name, role), members in parts.items():
        most = questions.suite.answer_tokens or longest
        yield Unit(name, role, decoding, most, members, suite, questions.kind)


def _attackers(settings: MeasureSettings, world: World, attacked: bool) -> Iterator[Unit]:
    # Nobody judges: a guard is not loaded for this.
    setup = setup_of(settings, world, world.judge())
    for suite, scenarios in attacker_suites(settings, setup, attacked=attacked):
        questions = [Question(scenario, None) for scenario in scenarios]
        yield Unit(suite, "safety", "sampled", settings.max_new_tokens, questions)
