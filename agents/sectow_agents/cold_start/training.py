"""Fine-tunes an attacker on lessons, and saves it like a checkpoint of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sectow_agents.algorithms.curriculum import stratified_order
from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.job import Job, PhaseReport, TrainingData, train
from sectow_agents.cold_start.lessons import Lesson
from sectow_agents.policies.asking import Asking, write_asking
from sectow_env.game.asking import attack_conversation
from sectow_env.game.world import World


def warm_start(
    job: Job, lessons: Sequence[Lesson], world: World, template: str | None = None
) -> PhaseReport:
    """Train an attacker to write what worked, evenly over the channels.

    Args:
        job: Settings of an algorithm that learns from targets, and weights.
        lessons: At least one.
        world: How the attacker is asked.
        template: How it is asked instead; None leaves it to the world.
    """
    rng = np.random.Generator(np.random.PCG64([job.seed, 4]))
    keys = [(lesson.scenario.channel,) for lesson in lessons]
    order = stratified_order(job.training.prompts, keys, rng)
    prompts = [
        Prompt(attack_conversation(scenario, template, job.system, world=world))
        for scenario, _ in lessons
    ]
    targets = [completion for _, completion in lessons]
    report = train(job, TrainingData(prompts, order, targets=targets))
    tokens = job.training.max_new_tokens
    write_asking(job.out, Asking(template=template, system=job.system, max_new_tokens=tokens))
    return report
