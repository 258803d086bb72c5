from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import RecordConstructorArgs

from sectow_env import ENV_ID, SectowEnv, SectowError, SectowVectorEnv, TextAction, VectorTextAction
from sectow_env.game import Attack, Invalid
from sectow_env.worlds.grammar import Slots, write


def completion(scenario: Any, frame: str = "f0") -> str:
    return write(Slots(frame, tuple(scenario.meta["potion"].split())))


def make(**kwargs: Any) -> TextAction:
    return TextAction(gym.make(ENV_ID, **kwargs))


@pytest.mark.parametrize("channel", ["typography", "reversed", "split"])
def test_a_completion_is_rendered_and_played(channel: str) -> None:
    env = make(channels=[channel])
    env.reset(seed=0)
    base: Any = env.unwrapped
    written = completion(base.scenario)
    assert written in env.action_space
    _, reward, terminated, _, info = env.step(written)
    attack = info["sectow_episode"].turns[0].attack
    assert (reward, terminated) == (1.0, True)
    assert (attack.source, attack.channel, attack.frame) == (written, channel, "f0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("what ?", Invalid.UNPARSABLE), ("frame : f2 ; name : vel", Invalid.HELD_OUT_FRAME)],
)
def test_a_bad_completion_is_an_invalid_attack(text: str, reason: Invalid) -> None:
    env = make()
    env.reset(seed=0)
    _, reward, _, _, info = env.step(text)
    assert reward == -0.5
    assert info["sectow_episode"].turns[0].attack.invalid is reason


def test_with_both_seats_the_second_completion_is_the_response() -> None:
    env = make(seat="both", channels=["split"])
    env.reset(seed=0)
    base: Any = env.unwrapped
    env.step(completion(base.scenario))
    response = f"take {base.scenario.meta['recipe']}"
    _, reward, terminated, _, info = env.step(response)
    assert (reward, terminated) == (1.0, True)
    assert info["sectow_episode"].turns[0].response == response


def test_a_batch_of_completions_is_played_at_once() -> None:
    env = VectorTextAction(gym.make_vec(ENV_ID, num_envs=4, channels=["split"]))
    env.reset(seed=0)
    base: Any = env.unwrapped
    written = [completion(match.scenario) for match in base.episode_states]
    written[2] = "what ?"
    assert tuple(written) in env.action_space
    _, rewards, _, _, info = env.step(written)
    assert rewards.tolist() == [1.0, 1.0, -0.5, 1.0]
    sources = [episode.turns[0].attack.source for episode in info["final_info"]["sectow_episode"]]
    assert sources == written
    with pytest.raises(SectowError, match="3 actions for 4"):
        env.step(written[:3])


@pytest.mark.parametrize("given", [None, 5, {"query": "q"}, "half \ud800"])
def test_what_is_no_completion_is_an_error_that_changes_nothing(given: Any) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(SectowError, match=r"a completion (is a str|with the unpaired surrogate)"):
        env.step(given)
    many = VectorTextAction(gym.make_vec(ENV_ID, num_envs=2))
    with pytest.raises(SectowError, match="call reset first"):
        many.step(["a", "b"])
    many.reset(seed=0)
    with pytest.raises(SectowError, match=r"a completion (is a str|with the unpaired surrogate)"):
        many.step(["a", given])


def test_an_attack_is_played_as_it_is() -> None:
    env = make(channels=["split"])
    env.reset(seed=0)
    attack = Attack(query="hello")
    played = env.step(attack)[4]["sectow_episode"].turns[0].attack
    assert (played.query, played.source) == ("hello", None)


def test_the_wrapper_is_part_of_the_spec() -> None:
    env = make(channels=["split"])
    assert isinstance(env, RecordConstructorArgs)
    assert env.spec is not None
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert isinstance(again, TextAction)


def test_a_defenders_seat_needs_no_completions() -> None:
    with pytest.raises(SectowError, match="in the seat 'defender'"):
        TextAction(SectowEnv(seat="defender"))
    with pytest.raises(SectowError, match="in the seat 'defender'"):
        VectorTextAction(SectowVectorEnv(seat="defender"))


def test_other_environments_are_refused() -> None:
    with pytest.raises(SectowError, match="around CartPoleEnv"):
        TextAction(gym.make("CartPole-v1"))
