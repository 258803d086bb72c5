"""Play all pairs. An attacker's attacks are written once and replayed, so that pairs are paired.

    ATTACKER/DEFENDER/    an evaluation of one pair, as `sectow bench` writes it

A killed cross-play resumes with the pairs that are missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sectow_agents.settings.run_config import Device
from sectow_benchmarks.evaluation.attackers import STRATIFIED, AttackSetup, replay, write_attacks
from sectow_benchmarks.evaluation.measure import Progress
from sectow_benchmarks.evaluation.policies import (
    DefenderUnderTest,
    attacker_under_test,
    defender_under_test,
)
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.provenance import describe_ground
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import judged_episodes
from sectow_benchmarks.studies.crossplay.players import Player, Players
from sectow_env.files import folder_name
from sectow_env.game import Attack, Scenario
from sectow_env.game.world import World
from sectow_env.resolve.parts import find_judge, find_reward


@dataclass(frozen=True)
class Pair:
    """One attacker and one defender, with what came of it."""

    attacker: Player
    defender: Player
    run: EvaluationRun


def play_all(
    players: Players,
    world: World,
    settings: MeasureSettings,
    out: Path,
    *,
    batch_size: int = 128,
    device: Device = "auto",
    progress: Progress | None = None,
) -> list[Pair]:
    """Play every attacker against every defender, or read the pairs played before.

    Args:
        players: Who plays.
        world: What is played.
        settings: Attempts, seed, judge and longest answer.
        out: Folder of the cross-play.
        batch_size: Prompts that are answered at once.
        device: `auto` takes CUDA where there is one.
        progress: Called with the number of pairs played so far.
    """
    setup = AttackSetup(
        world,
        find_judge(settings.judge, world),
        find_reward(None),
        settings.learned_split,
        settings.attempts,
        settings.seed,
    )
    scenarios = setup.scenarios(free=not setup.stratified)
    table = _Table(players, setup, settings, scenarios, out, batch_size, device)
    todo = {
        attacker
        for attacker in players.attackers
        if any(not table.done(attacker, defender) for defender in players.defenders)
    }
    # A model is loaded once: first every attacker writes, then every defender answers all of them.
    written = {
        attacker: table.write(attacker) for attacker in players.attackers if attacker in todo
    }
    played: list[Pair] = []
    for defender in players.defenders:
        for pair in table.column(defender, written):
            played.append(pair)
            if progress is not None:
                progress("pairs", len(played), len(players.attackers) * len(players.defenders))
    return played


@dataclass(frozen=True)
class _Written:
    """An attacker's attacks, and what provenance says of it."""

    attacks: list[Attack]
    about: dict[str, Any]


@dataclass(frozen=True)
class _Table:
    """What all pairs have in common."""

    players: Players
    setup: AttackSetup
    settings: MeasureSettings
    scenarios: list[Scenario]
    out: Path
    batch_size: int
    device: Device

    def place(self, attacker: Player, defender: Player) -> Path:
        """Folder of a pair."""
        return self.out / folder_name(attacker.label) / folder_name(defender.label)

    def done(self, attacker: Player, defender: Player) -> bool:
        """Whether a pair has been played."""
        return EvaluationRun(self.place(attacker, defender), {}).closed

    def write(self, attacker: Player) -> _Written:
        """All attacks of an attacker."""
        player = attacker_under_test(
            attacker.name,
            self.setup.world,
            template=attacker.template,
            batch_size=self.batch_size,
            device=self.device,
        )
        attacks = write_attacks(self.setup, player.policy, self.scenarios)
        return _Written(attacks, {**player.about, "name": attacker.label})

    def column(self, defender: Player, written: Mapping[Player, _Written]) -> Iterator[Pair]:
        """One defender under all attackers."""
        subject: DefenderUnderTest | None = None
        for attacker in self.players.attackers:
            place = self.place(attacker, defender)
            if self.done(attacker, defender):
                yield Pair(attacker, defender, EvaluationRun.open(place))
                continue
            if subject is None:
                subject = defender_under_test(
                    defender.name,
                    self.setup.world,
                    name=defender.label,
                    system=self.settings.system,
                    batch_size=self.batch_size,
                    device=self.device,
                )
            yield Pair(attacker, defender, self._played(place, written[attacker], subject))

    def _played(self, place: Path, written: _Written, subject: DefenderUnderTest) -> EvaluationRun:
        world, settings = self.setup.world, self.settings
        about = {
            "name": f"{written.about['name']} / {subject.name}",
            **describe_ground(self.players.world, world, self.setup.judge),
            "model": subject.about(),
            "attacker": written.about,
            "settings": settings.model_dump(mode="json"),
        }
        run = EvaluationRun.resume(place, about)
        if not run.done(STRATIFIED):
            policy = subject.defender(settings.decoding("sampled"), settings.system)
            episodes = replay(self.setup, written.attacks, policy, self.scenarios)
            run.add(STRATIFIED, judged_episodes(episodes, "sampled", STRATIFIED, world))
        run.close()
        return run
