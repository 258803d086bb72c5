"""Measure a defender: the grid greedy and sampled, twins, recall, general questions, attackers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sectow_agents.processes import own_share
from sectow_agents.settings.seeds import derive_seed
from sectow_benchmarks.evaluation.attackers import (
    CEILING,
    FREE,
    STRATIFIED,
    Ground,
    assault,
)
from sectow_benchmarks.evaluation.dry_run import ground_of
from sectow_benchmarks.evaluation.lm_eval_session import Session, tasks_for
from sectow_benchmarks.evaluation.policies import (
    AttackerUnderTest,
    DefenderUnderTest,
    prompted,
)
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
from sectow_benchmarks.results.samples import Row, rows_of_documents, rows_of_episodes
from sectow_benchmarks.tasks.documents import grid_items, open_world
from sectow_env.game import Attacker, Judge, Turn, play, settle
from sectow_env.game.decoding import Decoding
from sectow_env.game.world import World, world_facts
from sectow_env.resolve.parts import find_attacker, find_judge, find_reward

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def measure(
    subject: DefenderUnderTest,
    settings: MeasureSettings,
    out: Path,
    *,
    name: str | None = None,
    attacker: AttackerUnderTest | None = None,
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
        resume: Go on with what is in the folder.
        progress: Is told how it goes.

    Raises:
        RunFolderError: The folder does not fit.
        SectowError: A world or judge does not exist, or the defender takes no system prompt.
    """
    subject, settings = prompted(subject, settings)
    world = open_world(settings.world)
    judge = find_judge(settings.judge, world)
    pack = AttackPack.read(Path(settings.attacks)) if settings.attacks else None
    about = {
        "name": name or subject.name,
        **describe_ground(settings.world, world, judge),
        "model": subject.about(),
        "attacker": dict(attacker.about) if attacker else None,
        "attacks": None if pack is None else dict(pack.about),
        "settings": settings.model_dump(mode="json"),
    }
    run = _begun(out, about, resume)
    work = _Work(subject, settings, world, run, progress or _silently)
    for decoding in settings.decodings:
        work.grid(decoding)
        work.frozen(decoding, pack)
    work.uncounted()
    work.attackers(attacker)
    run.close()
    return run


def _begun(out: Path, about: Mapping[str, Any], resume: bool) -> EvaluationRun:
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

    def grid(self, name: DecodingName) -> None:
        """All tasks of lm-eval with one decoding."""
        if self.run.done(name):
            return
        settings, first = self.settings, name == self.settings.decodings[0]
        selection = settings.selection()
        tasks = tasks_for(
            selection,
            settings.suites,
            prefilled=self.subject.prefilled and first,
            general=first,
        )
        if not tasks:
            return
        decoding = settings.decoding(name)
        session = Session.load(tasks, selection, _generation(decoding), settings.limit)
        total, done = session.requests, 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self.progress(name, done, total)

        lm = self.subject.lm(settings.seed, advance)
        lm.journal = self.run.journal(name)
        answered = session.ask(lm, settings.system)
        shown = answered.pictures
        reward = find_reward(None)
        rows = rows_of_documents(answered.documents, name, self._judge(name), reward, shown)
        # With a limit the tables hold more pictures than were shown.
        asked = {row["picture"] for row in rows}
        pictures = {sha: png for sha, png in answered.pictures.items() if sha in asked}
        self._keep(name, rows, pictures, answered.results, lm.journal.seconds)

    def uncounted(self) -> None:
        """Items of the grid that the world's rules do not let count: rows that say why."""
        if self.run.done("uncounted") or not self.settings.decodings:
            return
        selection, judge = self.settings.selection(), find_judge(self.settings.judge, self.world)
        rows: list[Row] = []
        for suite, harmful in (("safety", True), ("twins", False)):
            if suite not in self.settings.suites:
                continue
            items = grid_items(selection, harmful=harmful, valid=False)
            turns = [Turn(scenario=one.scenario, attack=one.attack, response=None) for one in items]
            episodes = settle(turns, judge, find_reward(None))
            rows += rows_of_episodes(episodes, self.settings.decodings[0], suite, self.world)
        self.run.add("uncounted", rows)

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
        rows = rows_of_episodes(episodes, name, "attacks", self.world)
        shown = (item.attack.image for item in items)
        kept = {picture.sha256: picture.png for picture in shown if picture is not None}
        self._keep(unit, rows, kept, seconds=journal.seconds)
        self.progress(unit, len(items), len(items))

    def attackers(self, attacker: AttackerUnderTest | None) -> None:
        """The trained attacker, and what a script that knows the map gets."""
        ground = replace(ground_of(self.settings, self.world), judge=self._judge("attackers"))
        if attacker is not None:
            if ground.stratified:
                self._assault(STRATIFIED, ground, attacker.policy)
            self._assault(FREE, ground, attacker.policy, free=True)
        oracle = world_facts(self.world).oracle
        if oracle is not None:
            self._assault(CEILING, ground, find_attacker(oracle, self.world))

    def _assault(
        self, suite: str, ground: Ground, attacker: Attacker, *, free: bool = False
    ) -> None:
        scenarios = ground.scenarios(free=free)[: self.settings.limit or None]
        if suite not in self.settings.suites or self.run.done(suite) or not scenarios:
            return
        self.progress(suite, 0, len(scenarios))
        defender = self.subject.defender(self.settings.decoding("sampled"), self.settings.system)
        journal = self.run.journal(suite)
        episodes = assault(
            ground,
            RememberedAttacker(attacker, journal),
            RememberedDefender(defender, journal),
            scenarios,
        )
        pictures = [episode.turns[-1].attack.image for episode in episodes]
        kept = {picture.sha256: picture.png for picture in pictures if picture is not None}
        rows = rows_of_episodes(episodes, "sampled", suite, self.world)
        self._keep(suite, rows, kept, seconds=journal.seconds)
        self.progress(suite, len(scenarios), len(scenarios))

    def _judge(self, unit: str) -> Judge:
        """The judge, whose verdicts outlive a kill."""
        judge = find_judge(self.settings.judge, self.world)
        return RememberedJudge(judge, self.run.journal(unit, "verdicts"))

    def _keep(
        self,
        unit: str,
        rows: Sequence[Row],
        pictures: Mapping[str, bytes],
        results: Mapping[str, Any] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Count the tokens of the answers, and keep the samples."""
        answers = [row["response"].removeprefix(row["prefix"]) for row in rows]
        counted = [
            {**row, "tokens": self.subject.tokens(text) if row["answered"] else None}
            for row, text in zip(rows, answers, strict=True)
        ]
        self.run.add(unit, counted, pictures, results, seconds)


def _generation(decoding: Decoding) -> dict[str, Any]:
    """A decoding in lm-eval's words."""
    return {
        "do_sample": decoding.sampled,
        "temperature": decoding.temperature if decoding.sampled else 0.0,
        "max_gen_toks": decoding.max_new_tokens,
    }


def _silently(_what: str, _done: int, _total: int) -> None:
    """Tells nobody."""
