"""Measure a defender: suites greedy and sampled, frozen attacks, attackers. All of it is played."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from sectow_agents.processes import own_share
from sectow_agents.settings.seeds import derive_seed
from sectow_benchmarks.evaluation.asking import ItemDefender
from sectow_benchmarks.evaluation.attackers import (
    CEILING,
    AttackSetup,
    oracle_of,
    run_attacker,
)
from sectow_benchmarks.evaluation.contamination import training_data
from sectow_benchmarks.evaluation.dry_run import attacker_suites, foreign_tasks, setup_of
from sectow_benchmarks.evaluation.foreign_tasks import ForeignTasks
from sectow_benchmarks.evaluation.ground import ground_of
from sectow_benchmarks.evaluation.judges import Candidates, Judges, by_keywords, frozen_items, named
from sectow_benchmarks.evaluation.policies import (
    AttackerUnderTest,
    DefenderUnderTest,
    prompted,
)
from sectow_benchmarks.evaluation.progress import counted
from sectow_benchmarks.evaluation.questions import SuiteQuestions, questions_of
from sectow_benchmarks.evaluation.settings import DecodingName, MeasureSettings
from sectow_benchmarks.overlap import overlap_with
from sectow_benchmarks.results.attack_packs import AttackPack
from sectow_benchmarks.results.further import beside, label_of, looked_at
from sectow_benchmarks.results.journal import (
    Remembered,
    RememberedJudge,
)
from sectow_benchmarks.results.provenance import (
    describe_ground,
)
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import Judged, Sample, judged_episodes, judged_item
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.suites.data_suite import DataSuite
from sectow_env.display.console import note
from sectow_env.errors import ConfigError
from sectow_env.game import Attacker, Episode, Judge, Scenario, Turn, play, settle
from sectow_env.game.world import World
from sectow_env.resolve.parts import find_reward

NOT_REFUSED = (
    "the ASR of {} will be what keyword rules do not see refused: an upper bound, not harm. Name a "
    "judge of harm, such as --judge guards/qwen3guard or served/rubric?base_url=...&model=..."
)
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
    if world is None or settings.world is None:
        world = ground_of(settings.world)
    suites = questions_of(settings, world, allow_import_path=True)
    others = [questions for questions in suites if not questions.own]
    _check_sight(subject, suites)
    judges = Judges(settings, world, suites)
    judge = judges.own()
    pack = AttackPack.read(Path(settings.attacks)) if settings.attacks else None
    about = {
        "name": name or subject.name,
        **describe_ground(settings.world, world, judge),
        "model": {**subject.about(), "prefilled": subject.prefilled, **_seen(subject, others)},
        "attacker": dict(attacker.about) if attacker else None,
        "attacks": None if pack is None else dict(pack.about),
        "settings": settings.model_dump(mode="json"),
        "other_suites": [
            _described(questions, spec, judges.own(questions.suite))
            for questions, spec in zip(others, settings.others(), strict=True)
        ],
    }
    about["suites"] |= {questions.suite.name: questions.suite.revision for questions in others}
    if entries := judges.entries:
        about["judges"] = [entry.model_dump(mode="json") for entry in entries]
    foreign = _answerable_tasks(subject, settings)
    if own_share().main and (upper := by_keywords(settings)):
        note_once(NOT_REFUSED.format(", ".join(upper)))
    run = _opened(out, about, resume)
    work = _Work(subject, settings, world, run, judges, progress or _silently)
    work.all(suites, pack, foreign, attacker)
    run.close()
    return run


@cache
def note_once(text: str) -> None:
    """Once in a process, which may measure several models."""
    note(text)


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
    judges: Judges
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
        unit = questions.unit(name)
        first = name == self.settings.decodings[0]
        items = questions.items(first=first, prefilled=self.subject.prefilled)
        if self.run.done(unit) or not items:
            return
        advance = counted(self.progress, unit, lambda _: len(items))
        advance(0)
        decoding, suite = self.settings.decoding(name), questions.suite
        if suite.answer_tokens is not None:
            decoding = replace(decoding, max_new_tokens=suite.answer_tokens)
        journal = self.run.journal(unit)
        episodes = play(
            [item.scenario for item in items],
            [item.attack for item in items],
            ItemDefender(self.subject, items, decoding, self.settings.system, journal, advance),
            self._remembered(unit, self.judges.own(suite, questions.chosen)),
            suite.world.rules,
            find_reward(None),
        )
        rows = _rows(questions, items, episodes, name)
        self._keep(unit, rows, episodes, journal.seconds, candidates=questions.chosen)

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
            episodes = settle(turns, self.judges.own(questions.suite), find_reward(None))
            judged = _rows(questions, items, episodes, self.settings.decodings[0])
            rows += self._seen("uncounted", judged, turns, ())
        self.run.add("uncounted", rows)

    def foreign(self, tasks: ForeignTasks | None) -> None:
        """The tasks of lm-eval, asked once, each in its own decoding."""
        unit = "lm_eval"
        if tasks is None or self.run.done(unit):
            return
        # How many requests a task makes of its documents is known to lm-eval alone.
        least = sum(tasks.counts().values())
        advance = counted(self.progress, unit, lambda done: max(done, least))
        lm = self.subject.lm(self.settings.seed, advance)
        lm.journal = self.run.journal(unit)
        results = tasks.ask(lm)
        rows: list[Judged] = []
        episodes: list[Episode] = []
        for result in results:
            decoding, played = "sampled" if result.sampled else "greedy", result.episodes()
            rows += judged_episodes(played, decoding, result.suite, self.world, "capability")
            episodes += played
        aggregates = {result.task: result.results for result in results}
        self._keep(unit, rows, episodes, lm.journal.seconds, aggregates)

    def frozen(self, name: DecodingName, pack: AttackPack | None) -> None:
        """The attacks of a pack, with one decoding."""
        unit = f"attacks-{name}"
        if pack is None or "attacks" not in self.settings.suites or self.run.done(unit):
            return
        items = pack.items[: self.settings.limit or None]
        self.progress(unit, 0, len(items))
        defender = self.subject.defender(self.settings.decoding(name), self.settings.system)
        journal, seed = self.run.journal(unit), self.settings.seed
        candidates = frozen_items(items)
        episodes = play(
            [item.scenario for item in items],
            [item.attack for item in items],
            Remembered(defender, journal),
            self._remembered(unit, self.judges.own(None, candidates)),
            self.world.rules,
            find_reward(None),
            seeds=[derive_seed(seed, "attacks", number) for number in range(len(items))],
        )
        rows = judged_episodes(episodes, name, "attacks", self.world)
        self._keep(unit, rows, episodes, journal.seconds, candidates=candidates)
        self.progress(unit, len(items), len(items))

    def attackers(self, attacker: AttackerUnderTest | None) -> None:
        """The trained attacker, and what a script that knows the map gets."""
        setup = setup_of(self.settings, self.world, self.judges.own())
        attacked = attacker is not None
        for suite, scenarios in attacker_suites(self.settings, setup, attacked=attacked):
            if suite == CEILING or attacker is None:
                policy = oracle_of(self.world)
            else:
                policy = attacker.policy
            if not self.run.done(suite):
                self._attacked_by(suite, setup, policy, scenarios)

    def _attacked_by(
        self, suite: str, setup: AttackSetup, attacker: Attacker, scenarios: Sequence[Scenario]
    ) -> None:
        self.progress(suite, 0, len(scenarios))
        defender = self.subject.defender(self.settings.decoding("sampled"), self.settings.system)
        journal = self.run.journal(suite)
        judge = self._remembered("attackers", self.judges.own(None, scenarios))
        episodes = run_attacker(
            replace(setup, judge=judge),
            Remembered(attacker, journal),
            Remembered(defender, journal),
            scenarios,
        )
        rows = judged_episodes(episodes, "sampled", suite, self.world)
        self._keep(suite, rows, episodes, journal.seconds, candidates=scenarios)
        self.progress(suite, len(scenarios), len(scenarios))

    def _remembered(self, unit: str, judge: Judge) -> Judge:
        """A judge whose verdicts outlive a kill."""
        return RememberedJudge(judge, self.run.journal(unit, "verdicts"))

    def _keep(
        self,
        unit: str,
        rows: Sequence[Judged],
        episodes: Sequence[Episode],
        seconds: float,
        results: Mapping[str, Any] | None = None,
        candidates: Candidates = (),
    ) -> None:
        """Let the other judges look, count the tokens, and keep the samples and what they show."""
        turns = [episode.turns[-1] for episode in episodes]
        counted = [
            row._replace(sample=replace(row.sample, tokens=self._tokens(row.sample)))
            for row in self._seen(unit, rows, turns, candidates)
        ]
        shown = (turn.attack.image for turn in turns if turn.attack.image is not None)
        self.run.add(unit, counted, shown, results, seconds)

    def _seen(
        self, unit: str, rows: Sequence[Judged], turns: Sequence[Turn], candidates: Candidates
    ) -> list[Judged]:
        """The rows with the verdicts of the judges beside, each from a journal of its own."""
        seen = list(rows)
        samples = [row.sample for row in rows]
        for entry, judge in self.judges.beside(candidates):
            journal = self.run.journal(f"{unit}.{label_of(entry.name)}", "verdicts")
            looked = looked_at(samples, turns, RememberedJudge(judge, journal), entry)
            seen = [beside(*pair) for pair in zip(seen, looked, strict=True)]
        return seen

    def _tokens(self, sample: Sample) -> float:
        if not sample.answered:
            return math.nan
        tokens = self.subject.tokens(sample.response.removeprefix(sample.prefix))
        return math.nan if tokens is None else float(tokens)


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


def _described(questions: SuiteQuestions, spec: str, judge: Judge) -> dict[str, Any]:
    """A suite beside the measured world, for provenance."""
    suite = questions.suite
    return {
        "name": suite.name,
        "spec": spec,
        "revision": suite.revision,
        "licence": suite.licence,
        "data": suite.copy_revision if isinstance(suite, DataSuite) else None,
        "world": {"id": suite.world.id, "fingerprint": suite.world.fingerprint},
        "judge": named(judge),
    }


def _seen(subject: DefenderUnderTest, suites: Sequence[SuiteQuestions]) -> dict[str, Any]:
    """How much of the suites beside the world is in the training data; nothing where unknown."""
    corpus = training_data(subject.source) if suites else None
    if corpus is None:
        return {}
    overlap = {each.suite.name: overlap_with(corpus, each.chosen).model_dump() for each in suites}
    return {"overlap": overlap}


def _silently(_what: str, _done: int, _total: int) -> None:
    """Tells nobody."""
