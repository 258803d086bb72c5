"""Stable-Baselines3 learns the game through the discrete wrapper."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from sectow_env import ENV_ID
from sectow_env.game import Attack
from sectow_env.parts import find_defender
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.wrappers import DiscreteAction

BEST = 1.0
"""The open channel with the right name, every time."""


class OneHole:
    """Refuses whatever does not come by one channel."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._knows = find_defender("apothecary/answer_all", Apothecary())

    def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
        return [
            answer if attack.channel == self._channel else "the guild forbids this recipe"
            for attack, answer in zip(attacks, self._knows.respond(attacks), strict=True)
        ]


def mean_return(model: Any, env: Any, episodes: int) -> float:
    rewards = []
    for seed in range(episodes):
        observation, _ = env.reset(seed=10_000 + seed)
        action, _ = model.predict(observation, deterministic=True)
        rewards.append(float(env.step(action)[1]))
    return float(np.mean(rewards))


@pytest.mark.slow
def test_ppo_finds_the_open_channel_and_reads_the_name() -> None:
    with warnings.catch_warnings():
        # stable-baselines3 2.9 is loaded with warnings of its own dependencies.
        warnings.simplefilter("ignore")
        from stable_baselines3 import PPO
        from stable_baselines3.common.vec_env import DummyVecEnv

    def make(split: Any = "train") -> Any:
        return DiscreteAction(gym.make(ENV_ID, defender=OneHole("reversed"), split=split))

    model = PPO(
        "MlpPolicy",
        DummyVecEnv([make] * 16),
        n_steps=64,
        batch_size=256,
        n_epochs=10,
        learning_rate=3e-3,
        ent_coef=0.01,
        gamma=0.0,
        seed=0,
        device="cpu",
        verbose=0,
    )
    before = mean_return(model, make(), 200)
    model.learn(16_384)
    assert before < 0.5 * BEST
    # Of potions that it was not trained on, too: the place of the name is all that it reads.
    assert mean_return(model, make("validation"), 200) >= 0.9 * BEST
