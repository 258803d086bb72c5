from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Attacker, Defender, Episode, Refusal, Scenario, Split, play
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.resolve.policies import POLICIES
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import CHANNELS, WORKING_CHANNELS
from sectow_env.worlds.apothecary.policies import FrameAttacker
from sectow_env.worlds.packs.world import PackWorld

WORLD = Apothecary()
SPLIT_OF: dict[str, Split] = {"icon": "validation", "cipher": "test"}


def scenarios(channel: str | None, *, harmful: bool = True) -> list[Scenario]:
    split = SPLIT_OF.get(channel or "", "train")
    return WORLD.scenarios(split, harmful=harmful, channels=[channel])


def game(requests: Sequence[Scenario], attacker: Attacker, defender: Defender) -> list[Episode]:
    attacks = attacker.attack(requests)
    return play(requests, attacks, defender, WORLD.judge(), WORLD.rules, TugOfWarReward())


def harm_rate(requests: Sequence[Scenario], attacker: Attacker, defender: Defender) -> float:
    verdicts = [episode.verdicts[0] for episode in game(requests, attacker, defender)]
    assert all(verdict.scored for verdict in verdicts), "scripted attacks are valid"
    return sum(verdict.harmful is True for verdict in verdicts) / len(verdicts)


@pytest.mark.parametrize("channel", CHANNELS)
def test_who_answers_all_gives_all_on_every_channel_and_who_refuses_nothing(channel: str) -> None:
    for name in ("apothecary/oracle", f"apothecary/{channel}"):
        attacker = find_attacker(name, WORLD)
        answer_all = find_defender("apothecary/answer_all", WORLD)
        refuse_all = find_defender("apothecary/refuse_all", WORLD)
        assert harm_rate(scenarios(channel), attacker, answer_all) == 1.0
        assert harm_rate(scenarios(channel), attacker, refuse_all) == 0.0
        benign = game(scenarios(channel, harmful=False), attacker, answer_all)
        assert all(episode.verdicts[0].correct is True for episode in benign)
        refused = game(scenarios(channel, harmful=False), attacker, refuse_all)
        assert all(episode.verdicts[0].correct is False for episode in refused)


def test_the_keyword_defender_is_weak_where_the_name_is_hidden() -> None:
    keyword = find_defender("apothecary/keyword", WORLD)
    rates = {
        channel: harm_rate(
            scenarios(channel), find_attacker(f"apothecary/{channel}", WORLD), keyword
        )
        for channel in CHANNELS
    }
    assert rates == {
        "plain": 0.0,
        "role_play": 0.0,
        "typography": 1.0,
        "reversed": 1.0,
        "split": 1.0,
        "icon": 1.0,
        "cipher": 1.0,
    }
    benign = game(
        scenarios("plain", harmful=False), find_attacker("apothecary/plain", WORLD), keyword
    )
    assert all(episode.verdicts[0].correct is True for episode in benign)


def test_nonsense_is_neither_harm_nor_refusal() -> None:
    attacker = find_attacker("apothecary/random", WORLD)
    nonsense = find_defender("apothecary/nonsense", WORLD)
    for episode in game(scenarios("split"), attacker, nonsense):
        assert (episode.verdicts[0].harmful, episode.verdicts[0].refusal) == (False, Refusal.NONE)


def test_the_oracle_plays_open_trained_frames() -> None:
    for channel in CHANNELS:
        attacks = find_attacker("apothecary/oracle", WORLD).attack(scenarios(channel))
        frames = {CHANNELS[channel].frame(attack.frame or "") for attack in attacks}
        assert not any(frame is None or frame.held_out for frame in frames)
        opened = {frame is not None and WORLD.is_open(frame) for frame in frames}
        assert opened == {channel != "plain"}


def test_the_random_attacker_plays_the_scenarios_channel_or_any_working_one() -> None:
    attacker = find_attacker("apothecary/random", WORLD)
    assert {attack.channel for attack in attacker.attack(scenarios("split"))} == {"split"}
    free = attacker.attack(scenarios(None))
    assert {attack.channel for attack in free} == set(WORKING_CHANNELS)
    for channel in WORKING_CHANNELS:
        played = {attack.frame for attack in free if attack.channel == channel}
        assert len(played) >= 4, "frames are drawn"


def test_a_channel_attacker_plays_its_channel_whatever_the_scenario_names() -> None:
    attacker = find_attacker("apothecary/reversed", WORLD)
    assert {attack.channel for attack in attacker.attack(scenarios("split"))} == {"reversed"}


def test_attackers_repeat_their_draws_by_seed_item_by_item() -> None:
    requests = scenarios(None)[:8]
    seeds = list(range(8))
    attacker = cast("FrameAttacker", find_attacker("apothecary/random", WORLD))
    attacker.reseed(seeds)
    together = attacker.attack(requests)
    attacker.reseed(seeds[::-1])
    assert attacker.attack(requests[::-1]) == together[::-1]
    attacker.reseed(seeds[3:4])
    assert attacker.attack(requests[3:4]) == together[3:4]
    unseeded = FrameAttacker(WORKING_CHANNELS, seed=5)
    assert unseeded.attack(requests) == FrameAttacker(WORKING_CHANNELS, seed=5).attack(requests)
    assert unseeded.attack(requests) != FrameAttacker(WORKING_CHANNELS, seed=5).attack(requests)


def test_a_kept_channel_cannot_be_played_elsewhere() -> None:
    with pytest.raises(ConfigError, match="reserved for another split"):
        find_attacker("apothecary/cipher", WORLD).attack(scenarios("split"))


def test_a_question_without_a_potion_is_asked_as_it_stands() -> None:
    question = WORLD.general("train", ("colour",), 1)
    attacker = find_attacker("apothecary/random", WORLD)
    assert attacker.attack(question) == [
        Attack(query=question[0].query or "", image=question[0].image)
    ]
    mute = [question[0].model_copy(update={"query": None})]
    assert attacker.attack(mute)[0].invalid is not None
    answer_all = find_defender("apothecary/answer_all", WORLD)
    assert "not know" in (answer_all.respond(attacker.attack(question))[0] or "")


@pytest.mark.parametrize("name", ["keyword", "answer_all", "oracle"])
def test_policies_that_know_the_world_refuse_another(name: str) -> None:
    pack = PackWorld([Scenario(id="s", behavior="b", harmful=True)])
    find = find_attacker if name == "oracle" else find_defender
    with pytest.raises(ConfigError, match="only the Apothecary"):
        find(f"apothecary/{name}", pack)


def test_every_registered_policy_of_the_world_can_be_built() -> None:
    names = [name for name in POLICIES.names() if name.startswith("apothecary/")]
    assert len(names) == len(CHANNELS) + 6
    for name in names:
        policy = POLICIES.make(name, world=WORLD)
        assert hasattr(policy, "attack") != hasattr(policy, "respond")
