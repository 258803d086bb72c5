from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from sectow_env import ENV_ID, NO_IMAGE, SectowEnv, SectowError, SectowVectorEnv
from sectow_env.env.arena import Seating
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Turn, Verdict
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.truth import ApothecaryJudge

SEATS: tuple[Seating, ...] = ("attacker", "defender", "both")
MODES = list(AutoresetMode)
COUNT = 3


def make(**kwargs: Any) -> SectowVectorEnv:
    env = gym.make_vec(ENV_ID, num_envs=kwargs.pop("num_envs", COUNT), **kwargs)
    assert isinstance(env, SectowVectorEnv)
    return env


def ended(info: dict[str, Any], mode: AutoresetMode) -> list[Any]:
    final = info.get("final_info", {}) if mode is AutoresetMode.SAME_STEP else info
    return list(final.get("sectow_episode", [None] * COUNT))


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_it_plays_what_as_many_single_environments_play(seat: Seating, mode: AutoresetMode) -> None:
    native = make(seat=seat, autoreset_mode=mode.value)
    sync = SyncVectorEnv([lambda: SectowEnv(seat=seat)] * COUNT, autoreset_mode=mode)
    assert native.observation_space == sync.observation_space
    assert native.action_space == sync.action_space
    native.action_space.seed(4)
    (mine, info), (theirs, their_info) = native.reset(seed=9), sync.reset(seed=9)
    assert data_equivalence(mine, theirs, exact=True)
    assert list(info["scenario_id"]) == list(their_info["scenario_id"])
    for _ in range(7):
        actions = native.action_space.sample()
        step, their_step = native.step(actions), sync.step(actions)
        for ours, theirs in zip(step[:4], their_step[:4], strict=True):
            assert data_equivalence(ours, theirs, exact=True)
        assert ended(step[4], mode) == ended(their_step[4], mode)
        if mode is AutoresetMode.DISABLED and step[2].any():
            mask = step[2].copy()
            mine, _ = native.reset(options={"reset_mask": mask})
            theirs, _ = sync.reset(options={"reset_mask": mask})
            assert data_equivalence(mine, theirs, exact=True)


def test_the_default_is_to_reset_within_the_step() -> None:
    env = make()
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    first, _ = env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(3):
        second, _, terminations, truncations, info = env.step(env.action_space.sample())
        assert terminations.all()
        assert not truncations.any()
        assert info["_final_info"].all()
        final = [last["behavior"] for last in info["final_obs"]]
        assert final == list(first["behavior"])
        assert list(second["behavior"]) == [match.scenario.behavior for match in env.episode_states]
        first = second


def test_opponent_and_judge_are_asked_once_a_step() -> None:
    calls: list[tuple[str, int]] = []

    class Counting:
        def respond(self, attacks: Sequence[Attack]) -> list[str]:
            calls.append(("defender", len(attacks)))
            return ["no"] * len(attacks)

        def attack(self, scenarios: Sequence[Any]) -> list[Attack]:
            calls.append(("attacker", len(scenarios)))
            return [Attack(query=scenario.meta["potion"]) for scenario in scenarios]

    class Judge(ApothecaryJudge):
        def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
            calls.append(("judge", len(turns)))
            return super().judge(turns)

    env = make(num_envs=16, defender=Counting(), judge=Judge(), channels=[None])
    observation, _ = env.reset(seed=0)
    names = [text.removeprefix("give the recipe of ") for text in observation["behavior"]]
    env.step({"image": (NO_IMAGE,) * 16, "query": tuple(names)})
    assert calls == [("defender", 16), ("judge", 16)]
    calls.clear()
    env = make(num_envs=16, seat="defender", attacker=Counting(), judge=Judge(), channels=[None])
    env.reset(seed=0)
    env.step(["no"] * 16)
    assert calls == [("attacker", 16), ("judge", 16), ("attacker", 16)]


def test_unknown_rewards_are_nan_in_the_infos_and_zero_in_the_reward() -> None:
    env = make(seat="defender", judge="rules/refusal")
    env.reset(seed=0)
    _, rewards, _, _, info = env.step(["no"] * COUNT)
    assert rewards.tolist() == [0.0] * COUNT
    final = info["final_info"]
    assert np.isnan(final["rewards"]["defender"]).all()
    assert not final["scored"].any()


def test_mixed_rewards_keep_their_type() -> None:
    env = make()
    observation, _ = env.reset(seed=0)
    name = observation["behavior"][1].removeprefix("give the recipe of ")
    _, rewards, _, _, info = env.step(
        {"image": (NO_IMAGE,) * COUNT, "query": ("hello", name, "hello")}
    )
    assert rewards.tolist() == [-0.5, 0.0, -0.5]
    defender = info["final_info"]["rewards"]["defender"]
    assert defender.dtype == np.float64
    assert np.isnan(defender[[0, 2]]).all()
    assert defender[1] == 1.0


def test_both_seats_move_on_at_their_own_pace() -> None:
    env = make(seat="both")
    env.reset(seed=0)
    potions = [match.scenario.meta["potion"] for match in env.episode_states]
    moves = {"image": (NO_IMAGE,) * COUNT, "query": (potions[0], "hello", potions[2])}
    observation, _, terminations, _, _ = env.step({**moves, "response": ("",) * COUNT})
    assert terminations.tolist() == [False, True, False]
    assert observation["seat"].tolist() == [1, 0, 1]


def test_actions_may_be_a_list_with_one_each() -> None:
    env = make()
    env.reset(seed=0)
    potions = [match.scenario.meta["potion"] for match in env.episode_states]
    rewards = env.step([Attack(query=potion) for potion in potions])[1]
    assert rewards.tolist() == [0.0] * COUNT


def test_bad_calls_are_refused_with_their_cure() -> None:
    env = make()
    with pytest.raises(SectowError, match="call reset first"):
        env.step([])
    with pytest.raises(SectowError, match="reset all of them first"):
        env.reset(options={"reset_mask": np.array([True, False, False])})
    env.reset(seed=0)
    bad: tuple[Any, ...] = ([], None, "abc", {"image": (NO_IMAGE,), "query": ("q",)})
    for actions in bad:
        with pytest.raises(SectowError, match="one action for each of 3"):
            env.step(actions)
    with pytest.raises(SectowError, match="one seed per environment"):
        env.reset(seed=[1, 2])
    for mask in ([True] * 3, np.ones(2, np.bool_), np.ones(3)):
        with pytest.raises(SectowError, match="bool array of shape"):
            env.reset(options={"reset_mask": mask})
    with pytest.raises(ConfigError, match="at least one environment"):
        SectowVectorEnv(num_envs=0)
    with pytest.raises(ConfigError, match="'SameStep', 'Disabled'"):
        SectowVectorEnv(autoreset_mode="never")


def test_a_finished_environment_waits_for_its_reset_where_autoreset_is_off() -> None:
    env = make(autoreset_mode="Disabled")
    env.reset(seed=0)
    env.action_space.seed(0)
    env.step(env.action_space.sample())
    with pytest.raises(SectowError, match="call reset first"):
        env.step(env.action_space.sample())


def test_seeds_may_be_given_one_by_one_and_none_goes_on() -> None:
    env = make()
    first, _ = env.reset(seed=[5, 6, 7])
    same, _ = env.reset(seed=5)
    assert data_equivalence(first, same, exact=True)
    mixed, _ = env.reset(seed=[5, None, 7])
    assert (mixed["behavior"][0], mixed["behavior"][2]) == (
        first["behavior"][0],
        first["behavior"][2],
    )


def test_frames_are_rendered_for_every_environment() -> None:
    env = make(render_mode="rgb_array", defender="apothecary/refuse_all")
    env.reset(seed=0)
    frames = env.render()
    assert frames is not None
    assert [frame.dtype for frame in frames] == [np.uint8] * COUNT
    assert make().render() is None


def test_a_spec_of_the_vector_environment_is_kept() -> None:
    env = make(world="apothecary:2")
    assert env.spec is not None
    again = gym.make_vec(env.spec)
    assert isinstance(again, SectowVectorEnv)
    assert again.num_envs == COUNT
    assert again.arena.world.id == Apothecary(2).id


@pytest.mark.slow
def test_gymnasiums_own_processes_need_their_memory_unshared() -> None:
    with pytest.raises(ValueError, match="shared_memory=False"):
        gym.make_vec(ENV_ID, num_envs=2, vectorization_mode="async")
    settings = {"shared_memory": False, "autoreset_mode": "SameStep"}
    env = gym.make_vec(ENV_ID, num_envs=2, vectorization_mode="async", vector_kwargs=settings)
    try:
        mine, _ = make(num_envs=2).reset(seed=1)
        theirs, _ = env.reset(seed=1)
        assert data_equivalence(mine, theirs, exact=True)
    finally:
        env.close()


def test_a_seed_is_for_those_that_are_reset() -> None:
    native = make(autoreset_mode="Disabled")
    sync = SyncVectorEnv([SectowEnv] * COUNT, autoreset_mode=AutoresetMode.DISABLED)
    mask = np.array([True, False, False])
    seen = []
    for env in (native, sync):
        env.reset(seed=0)
        seen.append(env.reset(seed=77, options={"reset_mask": mask.copy()})[0])
        seen.append(env.reset()[0])
    assert data_equivalence(seen[:2], seen[2:], exact=True)


def test_the_mode_human_writes_each_episode_at_each_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    env = make(render_mode="human")
    env.reset(seed=0)
    assert capsys.readouterr().out.count("asked") == COUNT
    env.step([Attack(query="hello")] * COUNT)
    assert capsys.readouterr().out.count("invalid attack") == COUNT
