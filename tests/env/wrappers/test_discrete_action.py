from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from sectow_env import ENV_ID, SectowError
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.wrappers import DiscreteAction, VectorDiscreteAction

PACK = "examples/packs/lantern_shop.jsonl"


def make(**kwargs: Any) -> DiscreteAction:
    return DiscreteAction(gym.make(ENV_ID, **kwargs))


def right(env: DiscreteAction, channel: int, frame: int = 0) -> list[int]:
    return [channel, frame, env.codebook.place(env.base.scenario)]


def test_the_numbers_stand_for_channel_frame_and_name() -> None:
    env = make()
    env.reset(seed=0)
    own = env.base.scenario.meta["potion"]
    attack = env.codebook.attack(env.base.scenario, right(env, 1, 2))
    assert (attack.channel, attack.invalid) == ("role_play", None)
    assert own in attack.query
    trained = [f for f in env.codebook.channels[1].frames if not f.held_out]
    assert attack.frame == trained[2].label
    _, reward, over, _, info = env.step(right(env, 2))
    assert (reward, over) == (1.0, True), "the scripted defender is weak on reversed names"
    assert info["sectow_episode"].turns[0].attack.channel == "reversed"


def test_another_name_is_another_potion() -> None:
    env = make()
    for seed in range(5):
        env.reset(seed=seed)
        place = env.codebook.place(env.base.scenario)
        _, reward, _, _, info = env.step([2, 0, (place + 1) % 4])
        assert reward == -0.5
        assert info["sectow_episode"].verdicts[0].invalid == "off_behavior"


def test_the_observation_says_where_the_name_stands_and_what_is_asked_for() -> None:
    env = make(max_turns=2, channels=["split"], defender="apothecary/refuse_all")
    places = set()
    for seed in range(20):
        observation, _ = env.reset(seed=seed)
        place = env.codebook.place(env.base.scenario)
        places.add(place)
        assert observation.tolist() == [0, 0, 0, 1, *np.eye(4)[place], 1, 0]
        assert env.step(right(env, 0))[0].tolist()[-2:] == [0, 1]
        assert env.step(right(env, 0))[0].tolist()[-2:] == [0, 1], "no turn comes after the last"
    assert places == {0, 1, 2, 3}


def test_every_trained_frame_can_be_chosen_and_no_held_out_one() -> None:
    env = make()
    env.reset(seed=0)
    chosen = {
        (attack.channel, attack.frame)
        for channel in range(4)
        for frame in range(int(env.codebook.sizes[1]))
        for attack in [env.codebook.attack(env.base.scenario, [channel, frame, 0])]
    }
    trained = {(c.name, f.label) for c in env.codebook.channels for f in c.frames if not f.held_out}
    assert chosen == trained


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version:UserWarning:gymnasium")
def test_it_keeps_the_interface() -> None:
    check_env(make(), skip_render_check=True)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(make().spec.to_json()))  # type: ignore[union-attr]
    assert again.action_space == make().action_space


def test_the_vector_form_plays_the_same() -> None:
    many = VectorDiscreteAction(gym.make_vec(ENV_ID, num_envs=3))
    seen, _ = many.reset(seed=5)
    actions = many.action_space.sample()
    after, rewards, *_ = many.step(actions)
    assert many.observation_space.contains(seen)
    assert many.observation_space.contains(after)
    for index in range(3):
        single = make()
        first, _ = single.reset(seed=5 + index)
        assert first.tolist() == seen[index].tolist()
        assert single.step(actions[index])[1] == rewards[index]


@pytest.mark.parametrize(
    "action", [[0, 0], [9, 0, 0], [0, 0, -1], [0.5, 0, 0], "abc", [[1], [2, 3]]]
)
def test_an_action_that_is_none_is_refused(action: Any) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(SectowError, match="three integers"):
        env.step(action)


def test_it_is_for_the_attacker_in_the_apothecary(root: Any) -> None:
    for kwargs, message in (
        ({"seat": "defender"}, "a defender's action is already a text"),
        ({"seat": "both"}, "not a response"),
        ({"world": str(root / PACK)}, "only the Apothecary"),
    ):
        with pytest.raises(SectowError, match=message):
            make(**kwargs)
    with pytest.raises(SectowError, match="something to choose"):
        DiscreteAction(gym.make(ENV_ID), channels=())


def test_a_channel_with_fewer_frames_begins_again() -> None:
    env = DiscreteAction(gym.make(ENV_ID), channels=["plain", "split"])
    env.reset(seed=0)
    assert env.codebook.sizes.tolist() == [2, 22, 4]
    attack, same, other = (
        env.codebook.attack(env.base.scenario, right(env, 1, frame)) for frame in (1, 7, 8)
    )
    assert attack == same != other


def test_channels_that_stay_unseen_cannot_be_trained_on() -> None:
    for split, channel, here in (
        ("train", "icon", False),
        ("train", "cipher", False),
        ("test", "icon", False),
        ("validation", "icon", True),
        ("test", "cipher", True),
    ):
        if here:
            env = DiscreteAction(gym.make(ENV_ID, split=split), channels=[channel])
            env.reset(seed=0)
            attack = env.step(right(env, 0))[4]["sectow_episode"].turns[0].attack
            assert (attack.channel, attack.invalid) == (channel, None)
            continue
        with pytest.raises(SectowError, match=f"{channel} is reserved for another split"):
            DiscreteAction(gym.make(ENV_ID, split=split), channels=["split", channel])


def test_there_are_as_many_names_as_potions_at_most() -> None:
    count = len(Apothecary().select("validation"))
    env = DiscreteAction(gym.make(ENV_ID, split="validation"), names=count)
    env.reset(seed=0)
    scenario = env.base.scenario
    names = env.codebook.names(scenario)
    assert len(set(names)) == count
    assert " ".join(names[env.codebook.place(scenario)]) == scenario.meta["potion"]
    with pytest.raises(SectowError, match=f"give 1 to {count} names"):
        DiscreteAction(gym.make(ENV_ID, split="validation"), names=count + 1)


def test_the_last_observation_of_the_vector_form_is_one_of_its_own() -> None:
    many = VectorDiscreteAction(gym.make_vec(ENV_ID, num_envs=2, max_turns=2))
    many.reset(seed=5)
    single = make(max_turns=2)
    single.reset(seed=5)
    actions = [right(single, 2), [0, 0, 0]]
    _, _, over, _, infos = many.step(actions)
    assert over[0]
    last = single.step(actions[0])[0]
    assert infos["final_obs"][0].tolist() == last.tolist()
    assert many.single_observation_space.contains(infos["final_obs"][0])
    assert (infos["final_obs"][1] is None) == (not over[1])


def test_bad_calls_of_the_vector_form_are_refused_with_their_cure() -> None:
    many = VectorDiscreteAction(gym.make_vec(ENV_ID, num_envs=2))
    with pytest.raises(SectowError, match="call reset first"):
        many.step([[0, 0, 0]] * 2)
    many.reset(seed=0)
    with pytest.raises(SectowError, match="3 actions for 2 environments"):
        many.step([[0, 0, 0]] * 3)


@pytest.mark.parametrize("mode", ["NextStep", "Disabled"])
def test_the_vector_form_keeps_the_autoreset_mode(mode: str) -> None:
    many = VectorDiscreteAction(gym.make_vec(ENV_ID, num_envs=2, autoreset_mode=mode))
    many.reset(seed=0)
    actions = np.zeros((2, 3), dtype=np.int64)
    over, infos = many.step(actions)[2::2]
    assert over.all()
    assert "final_obs" not in infos
    if mode == "NextStep":
        assert not many.step(actions)[2].any()
    else:
        assert many.reset(options={"reset_mask": over})[0] in many.observation_space
