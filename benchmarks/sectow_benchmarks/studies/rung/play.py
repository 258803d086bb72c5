"""The rung study: the game is played, and everything is measured and kept on disk.

    game/            a training run of the recipe
    model/           the untaught language model: general questions alone
    final/           the last accepted defender: grounds and general questions
    card/            of the rung's folder: the same of the base
    *-attacked/      the base and the last defender, with attackers

A killed study resumes: training after the last finished phase, measuring after the last unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.evaluation.attackers import AttackSetup, replay, write_attacks
from sectow_benchmarks.evaluation.policies import (
    DefenderUnderTest,
    attacker_under_test,
    defender_under_test,
)
from sectow_benchmarks.evaluation.settings import DECODINGS, DecodingName
from sectow_benchmarks.results.provenance import describe_ground
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import Judged, judged_episodes
from sectow_benchmarks.studies.rung.ground import (
    CHANNELS,
    GENERAL,
    GROUNDS,
    Sizes,
    general_items,
    pack,
    scripted_items,
    targets_of,
)
from sectow_benchmarks.suites.base import Role
from sectow_env.game import SEATS, Attack, Scenario, Seat
from sectow_env.game.decoding import Decoding
from sectow_env.game.play import play
from sectow_env.game.world import Item
from sectow_env.resolve.parts import find_reward
from sectow_env.resolve.policies import with_decoding
from sectow_env.worlds.packs.world import PackWorld

if TYPE_CHECKING:
    from sectow_agents.run.folder import Finished
    from sectow_agents.settings.run_config import RunConfig

Log = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """What is on disk once the study has been played."""

    model: EvaluationRun
    """The untaught language model."""
    base: EvaluationRun
    final: EvaluationRun
    base_attacked: EvaluationRun
    final_attacked: EvaluationRun
    config: RunConfig
    rejected: tuple[int, ...] = ()
    """Rounds whose defender the monitor did not accept; the one before it is measured."""


@dataclass(frozen=True)
class _Written:
    """The attacks of one attacker, the same for every defender."""

    name: str
    scenarios: Sequence[Scenario]
    attacks: Sequence[Attack]


def play_rung(config: RunConfig, rung: Path, sizes: Sizes, out: Path, log: Log) -> Measured:
    """Train by the recipe, and measure before and after.

    Args:
        config: Of the game; its run folder is `out / "game"`.
        rung: What `sectow rung build` made.
        sizes: How much is asked.
        out: Folder of the study.
        log: Called with what is being done.
    """
    from sectow_agents.tug_of_war import TugOfWar

    log("the game")
    phases = TugOfWar(config, []).run(resume=(config.run / "run.json").exists()).phases
    last = last_accepted(config, phases)
    sources = {"first": Path(config.attacker.model), "last": last["attacker"]}
    base, model = Path(config.defender.model), rung / "model"
    measure = Measure(config, rung, sizes, out, log)
    return Measured(
        model=measure.only_general("model", model),
        base=card_of(config, rung, sizes, base, log),
        final=measure.grounds("final", last["defender"]),
        base_attacked=measure.attacked("base-attacked", base, sources),
        final_attacked=measure.attacked("final-attacked", last["defender"], sources),
        config=config,
        rejected=tuple(done.summary.round for done in phases if not done.accepted),
    )


def last_accepted(config: RunConfig, phases: Sequence[Finished]) -> dict[Seat, Path]:
    """Each seat's policy at the end of a run: its base where the monitor accepted no other."""
    trained = {
        done.summary.seat: config.run / "rounds" / str(done.summary.round) / done.summary.seat
        for done in phases
        if done.accepted
    }
    return {seat: trained.get(seat, Path(config.policy(seat).model)) for seat in SEATS}


def card_of(config: RunConfig, rung: Path, sizes: Sizes, base: Path, log: Log) -> EvaluationRun:
    """The base defender, measured once for its card and all studies of the same size."""
    place = rung / "card" / f"{sizes.per_behavior}-{sizes.general}-{sizes.seed}"
    return Measure(config, rung, sizes, place, log).grounds("base", base)


class Measure:
    """Asks defenders, and keeps each as an evaluation of its own.

    Args:
        config: Its channels, answer length and device are those of the training.
        rung: What `sectow rung build` made.
        sizes: How much is asked.
        out: Folder of the evaluations.
        log: Called with what is being done.
    """

    def __init__(self, config: RunConfig, rung: Path, sizes: Sizes, out: Path, log: Log) -> None:
        self.config, self.rung, self.sizes = config, rung, sizes
        self.out, self.log = out, log
        self.world: PackWorld = pack(rung, "guild")
        self._written: dict[str, _Written] = {}

    def only_general(self, name: str, source: Path) -> EvaluationRun:
        """A model that knows nothing of the guild."""
        run, subject = self._begin(name, source)
        self._general(run, subject)
        run.close()
        return run

    def grounds(self, name: str, source: Path) -> EvaluationRun:
        """A defender on all grounds and general questions, without attackers."""
        run, subject = self._begin(name, source)
        self._scripted(run, subject)
        self._general(run, subject)
        run.close()
        return run

    def attacked(self, name: str, source: Path, attackers: Mapping[str, Path]) -> EvaluationRun:
        """A defender with attackers, on held-out behaviors."""
        run, subject = self._begin(name, source)
        for key in attackers:
            unit = f"attacker-{key}"
            if not run.done(unit):
                self.log(f"{name}: the {key} attacker")
                run.add(unit, self._attacked(subject, self._attacks(key, attackers[key])))
        run.close()
        return run

    def _begin(self, name: str, source: Path) -> tuple[EvaluationRun, DefenderUnderTest]:
        subject = defender_under_test(
            str(source), self.world, batch_size=self.config.batch_size, device=self.config.device
        )
        about: dict[str, Any] = {
            "name": name,
            **describe_ground(self.world.id, self.world, self.world.judge()),
            "model": subject.about(),
            "settings": {**self.sizes.model_dump(), "max_new_tokens": self.config.answer_tokens},
        }
        return EvaluationRun.resume(self.out / name, about), subject

    @property
    def _channels(self) -> list[str]:
        return [channel for channel in self.config.attacker.channels or CHANNELS if channel]

    def _scripted(self, run: EvaluationRun, subject: DefenderUnderTest) -> None:
        for ground in GROUNDS:
            for way in DECODINGS:
                unit = f"{ground}-{way}"
                if not run.done(unit):
                    self.log(f"{run.path.name}: {ground}, {way}")
                    items = scripted_items(self.rung, ground, self.sizes.per_behavior)
                    run.add(unit, self._answers(subject, items, way, ground))

    def _general(self, run: EvaluationRun, subject: DefenderUnderTest) -> None:
        if not run.done(GENERAL):
            self.log(f"{run.path.name}: general questions")
            items = general_items(self.rung, self.sizes.general)
            run.add(GENERAL, self._answers(subject, items, "greedy", GENERAL))

    def _answers(
        self, subject: DefenderUnderTest, items: Sequence[Item], way: DecodingName, suite: str
    ) -> list[Judged]:
        scenarios = [item.scenario for item in items]
        attacks = [item.attack for item in items]
        defender = subject.defender(self._decoding(way), None)
        seeds = [self.sizes.seed + number for number in range(len(items))]
        world, judge = self.world, self.world.judge()
        episodes = play(
            scenarios, attacks, defender, judge, world.rules, find_reward(None), seeds=seeds
        )
        role: Role | None = "capability" if suite == GENERAL else None
        return judged_episodes(episodes, way, suite, world, role)

    def _attacks(self, key: str, source: Path) -> _Written:
        if key not in self._written:
            self.log(f"the {key} attacker writes")
            world = self.world
            attacker = attacker_under_test(
                str(source), world, batch_size=self.config.batch_size, device=self.config.device
            ).policy
            attacker = with_decoding(attacker, self._attacking())
            scenarios = [
                scenario
                for scenario in targets_of(self.rung, "test", self._channels)
                for _ in range(self.sizes.attempts)
            ]
            attacks = write_attacks(self._setup(), attacker, scenarios)
            self._written[key] = _Written(key, scenarios, attacks)
        return self._written[key]

    def _attacked(self, subject: DefenderUnderTest, written: _Written) -> list[Judged]:
        defender = subject.defender(self._decoding("sampled"), None)
        episodes = replay(self._setup(), written.attacks, defender, written.scenarios)
        return judged_episodes(episodes, "sampled", f"attacker-{written.name}", self.world)

    def _setup(self) -> AttackSetup:
        return AttackSetup(
            self.world, self.world.judge(), find_reward(None), "test", 1, self.sizes.seed
        )

    def _attacking(self) -> Decoding:
        training = self.config.attacker.training
        return Decoding(True, training.temperature, training.max_new_tokens, self.sizes.seed)

    def _decoding(self, way: DecodingName) -> Decoding:
        return Decoding(way == "sampled", 1.0, self.config.answer_tokens, self.sizes.seed)
