"""Measure a defender: suites greedy and sampled, frozen attacks, attackers. All of it is played."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sectow_agents.processes import own_share
from sectow_agents.settings.seeds import derive_seed
from sectow_benchmarks.evaluation.asking import ItemDefender
from sectow_benchmarks.evaluation.attackers import (
    CEILING,
    FREE,
    STRATIFIED,
    AttackSetup,
    run_attacker,
)
from sectow_benchmarks.evaluation.dry_run import foreign_tasks, setup_of
from sectow_benchmarks.evaluation.foreign_tasks import ForeignTasks
from sectow_benchmarks.evaluation.policies import (
    AttackerUnderTest,
    DefenderUnderTest,
    prompted,
)
from sectow_benchmarks.evaluation.questions import SuiteQuestions, questions_of
from sectow_benchmarks.evaluation.settings import DecodingName, MeasureSettings
from sectow_benchmarks.results.attack_packs import AttackPack
from sectow_benchmarks.results.journal import (
    RememberedAttacker,
    RememberedDefender,
    RememberedJudge,
)
from sectow_benchmarks.results.provenance import (
    describe_ground,
)
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import Judged, Sample, judged_episodes, judged_item
from sectow_benchmarks.suites.base import Suite, SuiteItem
from sectow_benchmarks.suites.data_suite import DataSuite
from sectow_env.errors import ConfigError
from sectow_env.files import folder_name
from sectow_env.game import Attack, Attacker, Episode, Judge, Turn, play, settle
from sectow_env.game.world import World, world_facts
from sectow_env.resolve.parts import find_attacker, find_judge, find_reward
from sectow_env.resolve.worlds import load_world

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def measure(
    subject: DefenderUnderTest,
    settings: MeasureSettings,
    out: Path,
    *,
    name: str | None = None,
    attacker: AttackerUnderTest | None = None,
    world: World | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> EvaluationRun:
    """Measure a defender and keep every sample.

    Args:
        subject: The defender.
        settings: What is asked.
        out: The evaluation's folder.
        name: What the evaluation is called in tables; default: as the defender.
        attacker: Its learned ASR is measured too.
        world: The world that the settings name, where it is built already.
        resume: Resume what is in the folder.
        progress: Called with how it goes.

    Raises:
        RunFolderError: The folder does not fit.
        SectowError: A world, judge or task does not exist, or the defender takes no system prompt
            or cannot answer a task.
    """
    subject, settings = prompted(subject, settings)
    world = load_world(settings.world) if world is None else world
    suites = questions_of(settings, world, allow_import_path=True)
    beside = [questions for questions in suites if not questions.own]
    _check_sight(subject, suites)
    judge = find_judge(settings.judge, world)
    pack = AttackPack.read(Path(settings.attacks)) if settings.attacks else None
    about = {
        "name": name or subject.name,
        **describe_ground(settings.world, world, judge),
        "model": {**subject.about(), "prefilled": subject.prefilled},
        "attacker": dict(attacker.about) if attacker else None,
        "attacks": None if pack is None else dict(pack.about),
        "settings": settings.model_dump(mode="json"),
        "other_suites": [
            _described(questions, spec, settings)
            for questions, spec in zip(beside, settings.others(), strict=True)
        ],
    }
    about["suites"] |= {questions.suite.name: questions.suite.revision for questions in beside}
    foreign = _answerable_tasks(subject, settings)
    run = _opened(out, about, resume)
    work = _Work(subject, settings, world, run, progress or _silently)
    work.all(suites, pack, foreign, attacker)
    run.close()
    return run


def _check_sight(subject: DefenderUnderTest, suites: Sequence[SuiteQuestions]) -> None:
    """A defender that sees nothing is asked nothing with a picture: it would stop halfway."""
    shown = [
        questions.kind
        for questions in suites
        if any(item.attack.image is not None for item in questions.chosen)
    ]
    if shown and not subject.sees_images:
        raise ConfigError(
            given=f"the defender {subject.name!r} on {', '.join(shown)}",
            why="some items show a picture, and this model sees none",
            fix="measure a model that sees images, or choose suites and a world without pictures",
        )


def _answerable_tasks(subject: DefenderUnderTest, settings: MeasureSettings) -> ForeignTasks | None:
    """The foreign tasks, once it is sure that the defender can answer them: not hours later."""
    foreign = foreign_tasks(settings)
    if foreign is not None:
        foreign.check(subject.lm(settings.seed, lambda _: None))
    return foreign


def _opened(out: Path, about: Mapping[str, Any], resume: bool) -> EvaluationRun:
    """The evaluation's folder, made by the main process and opened by the others."""
    share = own_share()
    if not share.main:
        share.wait()
        run = EvaluationRun.open(out)
    else:
        run = EvaluationRun.resume(out, about) if resume else EvaluationRun.create(out, about)
        share.wait()
    run.share = share
    return run


@dataclass(frozen=True)
class _Work:
    """The units of work of one measurement."""

    subject: DefenderUnderTest
    settings: MeasureSettings
    world: World
    run: EvaluationRun
    progress: Progress

    def all(
        self,
        suites: Sequence[SuiteQuestions],
        pack: AttackPack | None,
        foreign: ForeignTasks | None,
        attacker: AttackerUnderTest | None,
    ) -> None:
        """All units, one after the other."""
        for decoding in self.settings.decodings:
            for questions in suites:
                self.suite(questions, decoding)
            self.frozen(decoding, pack)
        self.uncounted(suites)
        self.foreign(foreign)
        self.attackers(attacker)

    def suite(self, questions: SuiteQuestions, name: DecodingName) -> None:
        """All items of a suite with one decoding."""
        unit = name if questions.own else f"{folder_name(questions.suite.name)}-{name}"
        first = name == self.settings.decodings[0]
        items = questions.items(first=first, prefilled=self.subject.prefilled)
        if self.run.done(unit) or not items:
            return
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self.progress(unit, done, len(items))

        advance(0)
        decoding, suite = self.settings.decoding(name), questions.suite
        if suite.answer_tokens is not None:
            decoding = replace(decoding, max_new_tokens=suite.answer_tokens)
        journal = self.run.journal(unit)
        episodes = play(
            [item.scenario for item in items],
            [item.attack for item in items],
            ItemDefender(self.subject, items, decoding, self.settings.system, journal, advance),
            self._judge(unit, suite),
            suite.world.rules,
            find_reward(None),
        )
        rows = _rows(questions, items, episodes, name)
        self._keep(unit, rows, [item.attack for item in items], journal.seconds)

    def uncounted(self, suites: Sequence[SuiteQuestions]) -> None:
        """Items that the rules do not let count: rows that give the reason."""
        if self.run.done("uncounted") or not self.settings.decodings:
            return
        rows: list[Judged] = []
        for questions in suites:
            items = questions.uncounted()
            turns = [
                Turn(scenario=item.scenario, attack=item.attack, response=None) for item in items
            ]
            judge = judge_of(questions.suite, self.settings)
            episodes = settle(turns, judge, find_reward(None))
            rows += _rows(questions, items, episodes, self.settings.decodings[0])
        self.run.add("uncounted", rows)

    def foreign(self, tasks: ForeignTasks | None) -> None:
        """The tasks of lm-eval, asked once, each in its own decoding."""
        unit = "lm_eval"
        if tasks is None or self.run.done(unit):
            return
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            # How many requests a task makes of its documents is known to lm-eval alone.
            self.progress(unit, done, max(done, sum(tasks.counts().values())))

        lm = self.subject.lm(self.settings.seed, advance)
        lm.journal = self.run.journal(unit)
        results = tasks.ask(lm)
        rows: list[Judged] = []
        for result in results:
            decoding = "sampled" if result.sampled else "greedy"
            rows += judged_episodes(
                result.episodes(), decoding, result.suite, self.world, "capability"
            )
        aggregates = {result.task: result.results for result in results}
        self._keep(unit, rows, (), lm.journal.seconds, aggregates)

    def frozen(self, name: DecodingName, pack: AttackPack | None) -> None:
        """The attacks of a pack, with one decoding."""
        unit = f"attacks-{name}"
        if pack is None or "attacks" not in self.settings.suites or self.run.done(unit):
            return
        items = pack.items[: self.settings.limit or None]
        self.progress(unit, 0, len(items))
        defender = self.subject.defender(self.settings.decoding(name), self.settings.system)
        journal, seed = self.run.journal(unit), self.settings.seed
        episodes = play(
            [item.scenario for item in items],
            [item.attack for item in items],
            RememberedDefender(defender, journal),
            self._judge(unit),
            self.world.rules,
            find_reward(None),
            seeds=[derive_seed(seed, "attacks", number) for number in range(len(items))],
        )
        rows = judged_episodes(episodes, name, "attacks", self.world)
        self._keep(unit, rows, [item.attack for item in items], journal.seconds)
        self.progress(unit, len(items), len(items))

    def attackers(self, attacker: AttackerUnderTest | None) -> None:
        """The trained attacker, and what a script that knows the map gets."""
        setup = replace(setup_of(self.settings, self.world), judge=self._judge("attackers"))
        if attacker is not None:
            if setup.stratified:
                self._attacked_by(STRATIFIED, setup, attacker.policy)
            self._attacked_by(FREE, setup, attacker.policy, free=True)
        oracle = world_facts(self.world).oracle
        if oracle is not None:
            self._attacked_by(CEILING, setup, find_attacker(oracle, self.world))

    def _attacked_by(
        self, suite: str, setup: AttackSetup, attacker: Attacker, *, free: bool = False
    ) -> None:
        scenarios = setup.scenarios(free=free)[: self.settings.limit or None]
        if suite not in self.settings.suites or self.run.done(suite) or not scenarios:
            return
        self.progress(suite, 0, len(scenarios))
        defender = self.subject.defender(self.settings.decoding("sampled"), self.settings.system)
        journal = self.run.journal(suite)
        episodes = run_attacker(
            setup,
            RememberedAttacker(attacker, journal),
            RememberedDefender(defender, journal),
            scenarios,
        )
        rows = judged_episodes(episodes, "sampled", suite, self.world)
        self._keep(suite, rows, [episode.turns[-1].attack for episode in episodes], journal.seconds)
        self.progress(suite, len(scenarios), len(scenarios))

    def _judge(self, unit: str, suite: Suite | None = None) -> Judge:
        """The judge, whose verdicts outlive a kill."""
        judge = (
            find_judge(self.settings.judge, self.world)
            if suite is None
            else judge_of(suite, self.settings)
        )
        return RememberedJudge(judge, self.run.journal(unit, "verdicts"))

    def _keep(
        self,
        unit: str,
        rows: Sequence[Judged],
        attacks: Sequence[Attack],
        seconds: float,
        results: Mapping[str, Any] | None = None,
    ) -> None:
        """Count the tokens of the answers, and keep the samples and what they show."""
        shown = (attack.image for attack in attacks)
        pictures = {picture.sha256: picture.png for picture in shown if picture is not None}
        counted = [
            Judged(replace(row.sample, tokens=self._tokens(row.sample)), row.verdict)
            for row in rows
        ]
        self.run.add(unit, counted, pictures, results, seconds)

    def _tokens(self, sample: Sample) -> float:
        if not sample.answered:
            return math.nan
        tokens = self.subject.tokens(sample.response.removeprefix(sample.prefix))
        return math.nan if tokens is None else float(tokens)


def judge_of(suite: Suite, settings: MeasureSettings) -> Judge:
    """Who judges a suite: the evaluation's judge if one was named, else the suite's own."""
    return find_judge(settings.judge or suite.judge, suite.world)


def _rows(
    questions: SuiteQuestions,
    items: Sequence[SuiteItem],
    episodes: Sequence[Episode],
    decoding: DecodingName,
) -> list[Judged]:
    return [
        judged_item(item, episode, decoding, questions.kind)
        for item, episode in zip(items, episodes, strict=True)
    ]


def _described(questions: SuiteQuestions, spec: str, settings: MeasureSettings) -> dict[str, Any]:
    """A suite beside the measured world, for provenance."""
    suite, judge = questions.suite, judge_of(questions.suite, settings)
    return {
        "name": suite.name,
        "spec": spec,
        "revision": suite.revision,
        "licence": suite.licence,
        "data": suite.copy_revision if isinstance(suite, DataSuite) else None,
        "world": {"id": suite.world.id, "fingerprint": suite.world.fingerprint},
        "judge": f"{judge.id}@{judge.version}",
    }


def _silently(_what: str, _done: int, _total: int) -> None:
    """Tells nobody."""
