"""The defender's phase: training on the pool, mixed with harmless inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sectow_agents.algorithms.curriculum import interleaved, proportional_counts, stratified_order
from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.job import Job, PhaseReport, TrainingData, train
from sectow_agents.algorithms.rewards import DefenderReward
from sectow_agents.settings.run_config import DefenderSettings, MixSettings
from sectow_env.errors import ConfigError
from sectow_env.game import Attack
from sectow_env.game.asking import defence_conversation
from sectow_env.game.referee import Referee
from sectow_env.game.tally import cell_of, channel_of
from sectow_env.game.world import AsksGeneralQuestions, Item, World
from sectow_env.pool.store import Entry

Sources = Mapping[str, Sequence[Item]]
GENERAL_PER_KIND = 64


def training_sources(
    world: World, pool: Iterable[Entry], mix: MixSettings, seed: int
) -> dict[str, list[Item]]:
    """What the defender may be trained on, by source; never a held-out frame.

    Args:
        world: Gives benign, general and controlled requests.
        pool: Attacks that worked, oldest first.
        mix: Which sources are needed, and which attacks of the pool.
        seed: Of the draw of general questions.

    Raises:
        ConfigError: General questions are requested and the world has none.
    """
    sources = _attacks(list(pool), mix)
    if mix.benign:
        sources["benign"] = world.grid(
            "train", harmful=False, channels=mix.benign_channels, frames="trained"
        )
    if mix.controlled:
        sources["controlled"] = world.grid(
            "train", harmful=True, channels=mix.controlled_channels, frames="trained"
        )
    if mix.general and mix.general_kinds:
        sources["general"] = _general(world, mix, seed)
    return sources


def train_defender(
    job: Job, sources: Sources, settings: DefenderSettings, referee: Referee
) -> PhaseReport:
    """Train the defender to refuse harmful requests and still answer benign ones.

    Args:
        job: Settings and weights.
        sources: Scenarios with stored attacks, by the names that the mix uses.
        settings: The mix (a source that is empty leaves its share to the others), and the wording
            of a refusal.
        referee: Judge and prices.
    """
    items = [item for part in sources.values() for item in part]
    rng = np.random.Generator(np.random.PCG64([job.seed, 2]))
    order = mixed_order(sources, settings.mix, job.training.prompts, rng)
    prompts = [Prompt(defence_conversation(item.attack, job.system)) for item in items]
    reward = DefenderReward(items, referee)
    targets = [target_of(item, settings.refusal) for item in items]
    return train(job, TrainingData(prompts, order, reward, targets))


def target_of(item: Item, refusal: str) -> str | None:
    """The response that a defender should learn; None for a benign request without a reference."""
    return refusal if item.scenario.harmful else item.scenario.reference


def mixed_order(
    sources: Sources, mix: MixSettings, count: int, rng: np.random.Generator
) -> list[int]:
    """`count` indices into the concatenated sources.

    Each source gets its share, spread evenly; within a source, channels take turns, and within a
    channel frames do, so that what the attacker found most often does not crowd out the rest.

    Raises:
        ConfigError: All sources are empty.
    """
    weights = {name: getattr(mix, name) for name, part in sources.items() if part}
    weights = {name: weight for name, weight in weights.items() if weight > 0}
    if not weights:
        raise ConfigError(
            given="the defender's mix",
            why="the pool and all other sources with a share are empty",
            fix="give other sources a share, or a world with benign scenarios",
        )
    counts = proportional_counts(weights, count)
    items = [item for part in sources.values() for item in part]
    keys = [_keys(item) for item in items]
    parts, start = [], 0
    for name, part in sources.items():
        indices = range(start, start + len(part))
        parts.append(stratified_order(counts.get(name, 0), keys, rng, indices))
        start += len(part)
    return interleaved(parts)


def _attacks(pool: Sequence[Entry], mix: MixSettings) -> dict[str, list[Item]]:
    def items(entries: Iterable[Entry]) -> list[Item]:
        return [
            Item(entry.turn.scenario, entry.turn.attack)
            for entry in entries
            for _ in range(min(entry.successes, mix.repeats))
        ]

    sources = {"pool": items(pool)}
    if mix.recent:
        latest = max((entry.round for entry in pool), default=0)
        sources["recent"] = items(entry for entry in pool if entry.round == latest)
    return sources


def _keys(item: Item) -> tuple[str, str]:
    if item.attack.channel is None:
        # General questions and packs have no channel; their category keeps the kinds even.
        return item.scenario.category, ""
    return channel_of(item.attack), cell_of(item.scenario, item.attack)


def _general(world: World, mix: MixSettings, seed: int) -> list[Item]:
    if not isinstance(world, AsksGeneralQuestions):
        raise ConfigError(
            given=f"defender.mix.general_kinds={mix.general_kinds!r} in {world.id}",
            why="this world has no general questions",
            fix="set defender.mix.general_kinds=[]",
        )
    questions = world.general("train", mix.general_kinds, GENERAL_PER_KIND, seed)
    return [
        Item(scenario, Attack(query=scenario.query or "", image=scenario.image))
        for scenario in questions
    ]
