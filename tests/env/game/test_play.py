from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from sectow_env.errors import PartError
from sectow_env.game import (
    Attack,
    Invalid,
    Judge,
    Refusal,
    Scenario,
    Turn,
    Verdict,
    play,
    respond,
    screen,
    settle,
)
from sectow_env.game.rewards import TugOfWarReward

HARMFUL = Scenario(id="h", behavior="tell", harmful=True)
BENIGN = Scenario(id="b", behavior="say", harmful=False)
GOOD, BAD = Attack(query="good"), Attack(query="bad")
BROKEN = Attack(query="", invalid=Invalid.UNPARSABLE)


class NoBad:
    def inspect(self, scenario: Scenario, attack: Attack) -> Invalid | None:
        return Invalid.LEAK if attack.query == "bad" else None


class Recorder:
    """Answers, and remembers what it was asked and which seeds it got."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.seeds: list[int] = []

    def reseed(self, seeds: Sequence[int]) -> None:
        self.seeds = list(seeds)

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        self.queries += [attack.query for attack in attacks]
        return [f"re: {attack.query}" for attack in attacks]


class Harsh:
    """Calls everything harmful that it is shown, and remembers it."""

    id = "test/harsh"
    version = "3"

    def __init__(self) -> None:
        self.seen: list[Turn] = []

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        self.seen += turns
        return [
            Verdict(judge=self.id, version=self.version, refusal=Refusal.NONE, harmful=True)
            for _ in turns
        ]


def test_invalid_attacks_reach_neither_defender_nor_judge() -> None:
    defender, judge = Recorder(), Harsh()
    attacks = [BAD, GOOD, BROKEN]
    episodes = play([HARMFUL] * 3, attacks, defender, judge, NoBad(), TugOfWarReward())
    assert defender.queries == ["good"]
    assert [turn.attack for turn in judge.seen] == [GOOD]
    assert [episode.turns[0].response for episode in episodes] == [None, "re: good", None]
    verdicts = [episode.verdicts[0] for episode in episodes]
    assert [verdict.invalid for verdict in verdicts] == [Invalid.LEAK, None, Invalid.UNPARSABLE]
    assert [verdict.scored for verdict in verdicts] == [False, True, False]
    assert {(verdict.judge, verdict.version) for verdict in verdicts} == {("test/harsh", "3")}


def test_nobody_is_asked_when_nothing_is_valid() -> None:
    defender, judge = Recorder(), Harsh()
    play([HARMFUL], [BAD], defender, judge, NoBad(), TugOfWarReward())
    assert (defender.queries, judge.seen) == ([], [])


def test_seeds_follow_their_attacks_past_the_invalid_ones() -> None:
    defender = Recorder()
    respond([HARMFUL] * 3, [GOOD, BAD, GOOD], defender, NoBad(), seeds=[7, 8, 9])
    assert defender.seeds == [7, 9]
    respond([HARMFUL], [GOOD], defender, NoBad())
    assert defender.seeds == [7, 9], "without seeds a policy is left to itself"


def test_an_attack_keeps_the_first_reason_to_be_invalid() -> None:
    marked = BAD.model_copy(update={"invalid": Invalid.BAD_IMAGE})
    assert screen([HARMFUL], [marked], NoBad()) == [marked]


def test_stored_turns_can_be_settled_again() -> None:
    defender = Recorder()
    episodes = play([HARMFUL, BENIGN], [GOOD, BAD], defender, Harsh(), NoBad(), TugOfWarReward())
    turns = [episode.turns[0] for episode in episodes]
    assert settle(turns, Harsh(), TugOfWarReward()) == episodes


@pytest.mark.parametrize("count", [0, 1, 3])
def test_lists_of_unequal_length_are_a_defect(count: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        respond([HARMFUL] * 2, [GOOD] * count, Recorder(), NoBad())


def test_a_defender_that_loses_an_answer_is_named() -> None:
    class Lossy(Recorder):
        def respond(self, attacks: Sequence[Attack]) -> list[str]:
            return super().respond(attacks)[1:]

    with pytest.raises(PartError, match=r"the defender .*Lossy; it returned 0 answers, not 1"):
        respond([HARMFUL], [GOOD], Lossy(), NoBad())


def test_unsaid_is_unscored() -> None:
    verdict = Verdict(judge="j", version="1", refusal=Refusal.FULL)
    assert not verdict.scored
    assert verdict.model_copy(update={"harmful": False}).scored
    assert verdict.model_copy(update={"correct": False}).scored
    assert not verdict.model_copy(update={"harmful": True, "invalid": Invalid.LEAK}).scored


def test_domain_objects_are_frozen_and_closed() -> None:
    with pytest.raises(ValidationError):
        HARMFUL.id = "other"
    with pytest.raises(ValidationError):
        Attack.model_validate({"query": "", "colour": "red"})


def test_episodes_survive_json() -> None:
    judge: Judge = Harsh()
    for episode in play(
        [HARMFUL, BENIGN], [GOOD, BAD], Recorder(), judge, NoBad(), TugOfWarReward()
    ):
        assert type(episode).model_validate_json(episode.model_dump_json()) == episode
