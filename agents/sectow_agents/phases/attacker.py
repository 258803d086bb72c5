"""The attacker's phase: training against a frozen defender, and what it contributes to the pool."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sectow_agents.algorithms.curriculum import stratified_order
from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.job import Job, PhaseReport, TrainingData, train
from sectow_agents.algorithms.rewards import AttackerReward
from sectow_env.errors import ConfigError
from sectow_env.game import Attacker, Defender, Episode, Scenario
from sectow_env.game.asking import attack_conversation
from sectow_env.game.referee import Referee
from sectow_env.game.seeds import MAX_SEED


def train_attacker(
    job: Job,
    scenarios: Sequence[Scenario],
    template: str | None,
    defender: Defender,
    referee: Referee,
) -> PhaseReport:
    """Train the attacker to get from a frozen defender what it should refuse.

    Left alone, an attacker collapses onto one channel, and the seed picks which; so the prompts of
    every optimizer step are spread evenly over the channels that the scenarios name.

    Args:
        job: Settings and weights.
        scenarios: Harmful ones, of all channels that are trained.
        template: How the policy is asked; None leaves it to the world.
        defender: The frozen opponent.
        referee: Rules, judge and prices.

    Returns:
        The report, with the successful episodes of the training.
    """
    if not scenarios:
        raise ConfigError(
            given=f"the world {referee.world.id}",
            why="its training split has no harmful scenario for the attacker",
            fix="give a world or a pack with harmful scenarios in the split train",
        )
    rng = np.random.Generator(np.random.PCG64([job.seed, 1]))
    order = stratified_order(
        job.training.prompts, [(scenario.channel,) for scenario in scenarios], rng
    )
    prompts = [
        Prompt(attack_conversation(scenario, template, job.system, world=referee.world))
        for scenario in scenarios
    ]
    reward = AttackerReward(scenarios, defender, referee, int(rng.integers(MAX_SEED)))
    return train(job, TrainingData(prompts, order, reward))


def sample_attacks(
    attacker: Attacker,
    defender: Defender,
    scenarios: Sequence[Scenario],
    attempts: int,
    referee: Referee,
) -> list[Episode]:
    """Let an attacker try each scenario `attempts` times, once each, against a defender."""
    tried = [scenario for scenario in scenarios for _ in range(attempts)]
    return referee.play(tried, attacker.attack(tried), defender) if tried else []
