"""Conversations in every view: the same, and all checkers of Gymnasium and PettingZoo pass."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env

from sectow_env import ENV_ID, SectowEnv, aec_env, parallel_env
from sectow_env.game import Episode, Scenario
from tests.env.env.test_multi_agent import EXPECTED, UPSTREAM
from tests.env.game.test_conversation import answered, refused

TURNS: dict[str, Any] = {"max_turns": 3, "channels": ["split", "reversed"], "labels": "all"}
SEEDS = range(8)


def script(env: Any) -> list[dict[str, Any]]:
    return [refused(env), refused(env), answered(env)]


def by_attacker(seed: int) -> Episode:
    env = SectowEnv(**TURNS)
    env.reset(seed=seed)
    lines = iter(script(env))
    while env.episode_state.episode is None:
        env.step(next(lines))
    return env.episode_state.episode


def test_every_view_plays_the_same_conversation() -> None:
    expected = [by_attacker(seed) for seed in SEEDS]
    assert {len(episode.turns) for episode in expected} == {1, 3}, (
        "free potions are answered at once"
    )
    keyword: Any = SectowEnv().arena.opponent
    for seed in SEEDS:
        aec: Any = aec_env(**TURNS)
        aec.reset(seed=seed)
        lines = iter(script(SectowShim(aec.unwrapped.episode_state.scenario)))
        for agent in aec.agent_iter():
            if aec.terminations[agent]:
                aec.step(None)
            elif agent == "attacker_0":
                aec.step(next(lines))
            else:
                aec.step(keyword.respond([aec.unwrapped.episode_state.attack])[0])
        assert aec.unwrapped.episode_state.episode == expected[seed]
        parallel: Any = parallel_env(**TURNS)
        parallel.reset(seed=seed)
        lines = iter(script(SectowShim(parallel.aec.episode_state.scenario)))
        while parallel.agents:
            match = parallel.aec.episode_state
            move = (
                next(lines) if match.to_move == "attacker" else keyword.respond([match.attack])[0]
            )
            parallel.step({f"{match.to_move}_0": move})
        assert parallel.aec.episode_state.episode == expected[seed]


class SectowShim:
    def __init__(self, scenario: Scenario) -> None:
        self.unwrapped = self
        self.scenario = scenario


@pytest.mark.parametrize("mode", ["SameStep", "NextStep", "Disabled"])
def test_the_vector_view_plays_the_same_conversations(mode: str) -> None:
    expected = [by_attacker(seed) for seed in SEEDS]
    env: Any = gym.make_vec(
        ENV_ID, num_envs=len(SEEDS), vector_kwargs=None, autoreset_mode=mode, **TURNS
    )
    env.reset(seed=SEEDS[0])
    scripts = [script(SectowShim(match.scenario)) for match in env.episode_states]
    episodes: dict[int, Episode] = {}
    for turn in range(3):
        _, _, over, _, info = env.step([lines[turn] for lines in scripts])
        ended = info.get("final_info", info)
        for index in over.nonzero()[0]:
            if int(index) in episodes:
                continue
            episodes[int(index)] = ended["sectow_episode"][index]
            if mode == "SameStep":
                last = info["final_obs"][index]
                assert last in env.single_observation_space
                assert len(last["conversation"]) == turn + 1
        if mode == "Disabled" and over.any():
            env.reset(options={"reset_mask": over})
        if turn < 2 and not over.all():
            turns = info["sectow_turn"][~over]
            assert [len(played.turn.attack.history) for played in turns if played is not None][
                -1
            ] == turn
    assert [episodes[index] for index in sorted(episodes)] == expected


@pytest.mark.parametrize("seat", ["attacker", "defender", "both"])
def test_the_checker_of_gymnasium_passes(seat: str) -> None:
    check_env(gym.make(ENV_ID, seat=seat, max_turns=3, disable_env_checker=True).unwrapped)


@pytest.mark.filterwarnings(*EXPECTED)
def test_the_checkers_of_pettingzoo_pass() -> None:
    UPSTREAM.api_test(aec_env(max_turns=3), num_cycles=30)
    UPSTREAM.parallel_api_test(parallel_env(max_turns=3), num_cycles=30)
    UPSTREAM.seed_test(lambda: aec_env(max_turns=3), 30)
    UPSTREAM.parallel_seed_test(lambda: parallel_env(max_turns=3), 30)


def test_a_turn_pays_once() -> None:
    env = SectowEnv(seat="both", max_turns=3, pay="turn", labels="harmful")
    env.reset(seed=0)
    recipe = f"take {env.scenario.meta['recipe']}"
    steps = [env.step(refused(env)), env.step({"response": "no"}), env.step(refused(env))]
    steps.append(env.step({"response": recipe}))
    assert [step[1] for step in steps] == [0.0, 0.0, 0.0, 1.0]
    assert [set(step[4]) for step in steps[:3]] == [set(), {"sectow_turn"}, set()]
    aec: Any = aec_env(max_turns=3, pay="turn", labels="harmful")
    aec.reset(seed=0)
    paid = []
    for move in (refused(env), "the guild forbids this recipe") * 2:
        aec.step(move)
        paid.append(dict(aec.rewards))
    nothing = {"attacker_0": 0.0, "defender_0": 0.0}
    refusal = {"attacker_0": 0.0, "defender_0": 1.0}
    assert paid == [nothing, refusal, nothing, refusal]
    many: Any = gym.make_vec(
        ENV_ID, num_envs=1, seat="defender", max_turns=3, pay="turn", labels="harmful"
    )
    many.reset(seed=0)
    assert [many.step(["the guild forbids this recipe"])[1][0] for _ in range(3)] == [1.0] * 3


def test_both_agents_hear_the_conversation_and_are_paid_what_they_earned() -> None:
    env: Any = aec_env(max_turns=3, pay="turn", labels="harmful", channels=["split"])
    env.reset(seed=0)
    paid = dict.fromkeys(env.agents, 0.0)
    heard = []
    for agent in env.agent_iter():
        observation, reward, over, _, _ = env.last()
        paid[agent] += reward
        heard.append(len(observation["conversation"]))
        attack = refused(SectowShim(env.unwrapped.episode_state.scenario))
        move = attack if agent == "attacker_0" else "the guild forbids this recipe"
        env.step(None if over else move)
    assert paid == {"attacker_0": 0.0, "defender_0": 3.0}
    assert heard == [0, 0, 1, 1, 2, 2, 3, 3]
