"""Stable-Baselines3 plays the game: PPO learns which channel a defender has left open.

    pip install "sectow" stable-baselines3
    python examples/train_ppo.py --open-channel reversed --steps 16384

The attacker chooses channel, template and slot as three whole numbers, and sees a small vector: no
text, no pictures. The scripted defender refuses everything but one channel. Measured is the mean
return on potions that were not trained on; the best possible return is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import gymnasium as gym
import typer

from sectow_env import ENV_ID
from sectow_env.game import Attack, Split
from sectow_env.resolve.parts import find_defender
from sectow_env.resolve.worlds import load_world
from sectow_env.wrappers import DiscreteAction

BEST = 1.0
"""The open channel with the right name, every time."""
EPISODES = 200


class OneHole:
    """Knows every recipe, and refuses whatever does not come by one channel."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._knows = find_defender("apothecary/answer_all", load_world("apothecary:0"))

    def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
        """One response an attack."""
        return [
            answer if attack.channel == self._channel else "the guild forbids this recipe"
            for attack, answer in zip(attacks, self._knows.respond(attacks), strict=True)
        ]


class Learned(NamedTuple):
    """Mean returns on validation potions, greedy."""

    before: float
    after: float


def make(channel: str, split: Split = "train") -> DiscreteAction:
    """The game against that defender."""
    return DiscreteAction(gym.make(ENV_ID, defender=OneHole(channel), split=split))


def mean_return(model: Any, env: DiscreteAction, episodes: int = EPISODES) -> float:
    """Over episodes with seeds of their own."""
    total = 0.0
    for seed in range(10_000, 10_000 + episodes):
        observation, _ = env.reset(seed=seed)
        action, _ = model.predict(observation, deterministic=True)
        total += float(env.step(action)[1])
    return total / episodes


def learn(channel: str, steps: int, seed: int) -> Learned:
    """Train PPO from nothing."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv

    model = PPO(
        "MlpPolicy",
        DummyVecEnv([lambda: make(channel)] * 16),
        n_steps=64,
        batch_size=256,
        n_epochs=10,
        learning_rate=3e-3,
        ent_coef=0.01,
        # An episode is one step: there is no future to discount.
        gamma=0.0,
        seed=seed,
        device="cpu",
    )
    before = mean_return(model, make(channel, "validation"))
    model.learn(steps)
    return Learned(before, mean_return(model, make(channel, "validation")))


def main(
    open_channel: Annotated[str, typer.Option(help="What the defender does not see.")] = "reversed",
    steps: Annotated[int, typer.Option(min=1024, help="Environment steps.")] = 16_384,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Train PPO and print its mean return."""
    result = learn(open_channel, steps, seed)
    typer.echo(f"mean return, {EPISODES} episodes on validation potions, best {BEST:.0f}")
    typer.echo(f"before {result.before:.3f}, after {steps} steps {result.after:.3f}")


if __name__ == "__main__":
    typer.run(main)
