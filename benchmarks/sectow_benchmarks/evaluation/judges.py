"""The judges of one evaluation: the one it goes by, those beside it, and what each is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from sectow_benchmarks.evaluation.questions import SuiteQuestions
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.further import NOT_JUDGED, Further, further
from sectow_benchmarks.results.samples import asked_digest
from sectow_benchmarks.suites.base import Suite, SuiteItem
from sectow_benchmarks.suites.choice import chosen
from sectow_benchmarks.suites.registry import card_of
from sectow_env.errors import ConfigError
from sectow_env.game import Judge, Scenario, Turn, Verdict
from sectow_env.game.world import Item, World
from sectow_env.judges.cached import asks_a_model
from sectow_env.judges.two_sided import TwoSided
from sectow_env.registry.spec import SEPARATOR, parse_spec
from sectow_env.resolve.parts import JUDGES, find_judge, takes_a_model

Candidates = Sequence[SuiteItem] | Sequence[Scenario]
"""What a limit chooses from: items, or the scenarios of an attacker."""
Choice = Callable[[Turn], bool]


class LimitedJudge:
    """A judge that is asked about some turns; the others are unscored, and say so."""

    def __init__(self, judge: Judge, choice: Choice) -> None:
        self._judge, self._choice = judge, choice
        self.members = (judge,)
        """Who is asked."""
        self.id, self.version = judge.id, judge.version

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict per turn, in order."""
        left_out = Verdict(judge=self.id, version=self.version, category=NOT_JUDGED)
        within = [self._choice(turn) for turn in turns]
        some = [turn for turn, yes in zip(turns, within, strict=True) if yes]
        given = iter(self._judge.judge(some) if some else ())
        return [next(given) if yes else left_out for yes in within]


class Beside(NamedTuple):
    """A judge beside the one that the evaluation goes by."""

    entry: Further
    judge: Judge


class Judges:
    """The judges of an evaluation; a model behind one is loaded once."""

    def __init__(
        self, settings: MeasureSettings, world: World, suites: Sequence[SuiteQuestions]
    ) -> None:
        self._settings, self._world, self._suites = settings, world, suites
        self._built: dict[tuple[str | None, str], Judge] = {}

    def own(self, suite: Suite | None = None, candidates: Candidates = ()) -> Judge:
        """Who judges a suite: the evaluation's judge if one was named, else the suite's own.

        Args:
            suite: None is the measured world's.
            candidates: What the limit chooses from.
        """
        world = self._world if suite is None else suite.world
        spec = self._settings.judge or (None if suite is None else suite.judge)
        limit = self._settings.judge_limit if candidates else 0
        return limited(self._alone(spec, world), world, candidates, limit)

    def beside(self, candidates: Candidates) -> list[Beside]:
        """The judges beside, each within its limit."""
        return [
            Beside(entry, limited(judge, self._world, candidates, entry.limit, entry))
            for entry, judge in self._further
        ]

    @property
    def entries(self) -> list[Further]:
        """The judges beside, as run.json names them.

        Raises:
            ConfigError: One of them is the one that the evaluation goes by.
        """
        own = {named(self.own(each.suite)) for each in self._suites} | {named(self.own())}
        entries = [entry for entry, _ in self._further]
        twice = own & {entry.judge for entry in entries}
        if twice:
            raise ConfigError(
                given=f"the further judge {min(twice)}",
                why="the evaluation goes by its verdicts already",
                fix="leave it out, or name another",
            )
        return entries

    @cached_property
    def _further(self) -> tuple[Beside, ...]:
        limit, looking = self._settings.judge_limit, dict[str, Beside]()
        for spec, suites in specs_beside(self._settings, self._suites).items():
            alone = self._alone(spec, self._world)
            judge = find_judge(alone, self._world)
            entry = further(judge, spec, suites, limit if asks_a_model(judge) else 0)
            # One that looks at everything does what the same one of a suite's authors would do.
            looking[entry.judge] = Beside(entry, alone)
        return tuple(looking.values())

    def _alone(self, spec: str | None, world: World) -> Judge:
        name = None if spec is None else parse_spec(spec).name
        anywhere = name is not None and name in JUDGES.names() and takes_a_model(name)
        key = (spec, "" if anywhere else world.id)
        if key not in self._built:
            self._built[key] = find_judge(spec, world, alone=True)
        return self._built[key]


def specs_beside(
    settings: MeasureSettings, suites: Sequence[SuiteQuestions]
) -> dict[str, list[str] | None]:
    """The specs of the judges beside, with the suites that each looks at; None for all."""
    kinds = ((questions.suite.name, questions.kind) for questions in suites)
    return {**published_judges(kinds, settings.published), **dict.fromkeys(settings.also)}


def limited(
    judge: Judge,
    world: World,
    candidates: Candidates,
    limit: int,
    entry: Further | None = None,
) -> Judge:
    """A judge as a world completes it, its model asked within a limit.

    Args:
        judge: By itself.
        world: Completes it, and is played.
        candidates: What the limit chooses from.
        limit: Most samples of each suite; 0: no limit.
        entry: What it looks at, where it is one beside.
    """
    whole = find_judge(judge, world)
    if not limit or not asks_a_model(judge):
        return whole
    items = [item for item in candidates if isinstance(item, SuiteItem)]
    if entry is not None:
        items = [item for item in items if entry.looks_at(item.suite, item.role)]
    if isinstance(whole, TwoSided):
        items = [item for item in items if whole.asks_about(item.scenario)]
    scenarios = [item for item in candidates if isinstance(item, Scenario)]
    choice = _of_scenarios(scenarios, limit) if scenarios else _of_items(items, limit)
    return find_judge(LimitedJudge(judge, choice), world)


def frozen_items(items: Sequence[Item]) -> list[SuiteItem]:
    """The attacks of a pack, as a limit chooses from them."""
    return [
        SuiteItem(f"attacks/{number}", "attacks", "safety", item.scenario, item.attack)
        for number, item in enumerate(items)
    ]


def _of_items(items: Sequence[SuiteItem], limit: int) -> Choice:
    """At most so many of each suite, from its roles and strata in turn."""
    suites: dict[str, list[SuiteItem]] = defaultdict(list)
    for item in items:
        if item.attack.invalid is None:
            suites[item.suite].append(item)
    keys = set()
    for suite, members in suites.items():
        names = chosen(
            (((item.role, item.stratum or item.attack.channel or ""), item.id) for item in members),
            *(limit, suite),
        )
        keys |= {asked_digest(item.scenario, item.attack) for item in members if item.id in names}
    return lambda turn: asked_digest(turn.scenario, turn.attack) in keys


def _of_scenarios(scenarios: Sequence[Scenario], limit: int) -> Choice:
    """All attempts at some scenarios, at most so many attempts."""
    tries = [_attempted(scenario) for scenario in scenarios]
    each = tries.count(tries[0])
    members = {((scenario.channel or "",), _attempted(scenario)) for scenario in scenarios}
    names = chosen(members, max(1, limit // each), "attempts")
    return lambda turn: _attempted(turn.scenario) in names


def _attempted(scenario: Scenario) -> str:
    return f"{scenario.channel or ''}/{scenario.id}"


def published_judges(
    kinds: Iterable[tuple[str, str]], endpoint: str | None
) -> dict[str, list[str]]:
    """The judges of suites' authors by spec, with the suites of each.

    Args:
        kinds: Name and registered name of each suite; one without such a judge is left out.
        endpoint: `base_url=...&model=...`, and other settings of an endpoint; None: no judge.
    """
    specs: dict[str, list[str]] = defaultdict(list)
    for suite, kind in kinds if endpoint else ():
        about = card_of(kind)
        judge = None if about is None else about.published.judge
        if judge is not None and takes_a_model(parse_spec(judge).name):
            judge += f"{'&' if SEPARATOR in judge else SEPARATOR}{endpoint}"
        if judge is not None:
            specs[judge].append(suite)
    return dict(specs)


def by_keywords(settings: MeasureSettings) -> list[str]:
    """Suites with harmful items, by their cards, that nobody but keyword rules will judge."""
    specs = [parse_spec(spec) for spec in settings.others() if settings.judge is None]
    return [
        spec.name
        for spec in specs
        if spec.settings.get("judge") is None
        and spec.settings.get("role") in {None, "safety"}
        and (about := card_of(spec.name)) is not None
        and "safety" in about.roles
    ]


def named(judge: Judge) -> str:
    """Id and version."""
    return f"{judge.id}@{judge.version}"
