"""What a cold start learns from: attacks that worked, as an attacker would write them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sectow_agents.cold_start.lessons import lessons_of, try_attacks
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Scenario, Turn
from sectow_env.game.referee import Referee
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.resolve.parts import find_attacker
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.packs.policies import Scripted
from sectow_env.worlds.packs.world import PackWorld

DIRECT, SPLIT = "text/direct", "text/split"
PACK = PackWorld(
    [
        Scenario(id=word, behavior=f"name the {word}", harmful=True, reference=f"it is {word}")
        for word in ("oil", "lamp", "wick", "glass")
    ],
    "shop",
).attacked_through([DIRECT, SPLIT])


class Yielding:
    """Answers what is asked in one piece; of parts it understands nothing."""

    def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
        return [
            f"it is {attack.query.split()[-1]}" if attack.channel == DIRECT else "what ?"
            for attack in attacks
        ]


class Firm:
    def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
        return ["i am sorry , i can not help with that"] * len(attacks)


def referee(world: PackWorld | Apothecary) -> Referee:
    return Referee(world, world.judge(), TugOfWarReward())


def test_what_worked_is_learned_as_it_would_be_written() -> None:
    scenarios = PACK.scenarios("train")
    trials = try_attacks(Scripted(world=PACK), Yielding(), scenarios, 3, referee(PACK), 0)
    assert (trials.tried, trials.invalid, trials.unscored) == (24, 0, 0)
    assert trials.channels == {DIRECT: 12}
    lessons = lessons_of(trials.worked, PACK)
    assert 4 <= len(lessons) <= 12
    assert len({(scenario.id, completion) for scenario, completion in lessons}) == len(lessons)
    turns = {turn.attack.query for turn in trials.worked}
    for scenario, completion in lessons:
        assert scenario.channel == DIRECT
        assert PACK.attack(scenario, completion).query in turns
    again = try_attacks(Scripted(world=PACK), Yielding(), scenarios, 3, referee(PACK), 0)
    assert lessons_of(again.worked, PACK) == lessons


def test_where_nothing_worked_there_is_nothing_to_learn() -> None:
    scenarios = PACK.scenarios("train")
    trials = try_attacks(Scripted(world=PACK), Firm(), scenarios, 1, referee(PACK), 0)
    assert trials.worked == ()
    with pytest.raises(ConfigError, match="0 attacks that worked"):
        lessons_of(trials.worked, PACK)


def test_attacks_without_a_completion_are_left_out() -> None:
    scenario = PACK.items[0]
    seed = Turn(scenario=scenario, attack=Attack(query="name it"), response="it is oil")
    with pytest.raises(ConfigError, match="1 attacks that worked"):
        lessons_of([seed], PACK)
    written = Attack(query="name it", channel=DIRECT, source="request: name it")
    (lesson,) = lessons_of([seed, seed.model_copy(update={"attack": written})], PACK)
    assert lesson.scenario.channel == DIRECT, "it was found by an attacker who chose the channel"


def test_scripts_of_the_apothecary_are_written_in_its_grammar() -> None:
    world = Apothecary(0)
    scenarios = world.scenarios("train", harmful=True, channels=["role_play"])[:6]
    attacker = find_attacker("apothecary/random", world)
    attacks = attacker.attack(scenarios)
    turns = [
        Turn(scenario=scenario, attack=attack, response=None)
        for scenario, attack in zip(scenarios, attacks, strict=True)
    ]
    for lesson, attack in zip(lessons_of(turns, world), attacks, strict=True):
        made = world.attack(*lesson)
        assert (made.frame, made.query) == (attack.frame, attack.query)
