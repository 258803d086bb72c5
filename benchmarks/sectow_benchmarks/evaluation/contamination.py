"""How much of a suite a model was trained on: its run's world and pool, against the items."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sectow_agents.run.folder import RunFolder
from sectow_agents.settings.file import load_config
from sectow_benchmarks.overlap import Corpus, request_of
from sectow_benchmarks.results.provenance import training_run
from sectow_env.errors import MissingExtraError, SectowError
from sectow_env.game.world import TakesChannels, World
from sectow_env.pool.store import AttackPool
from sectow_env.registry.spec import SEPARATOR
from sectow_env.resolve.worlds import load_world

TRAINING = "training"


def training_data(source: str | Path | None) -> Corpus | None:
    """What a checkpoint of a training run saw; None where that is unknown, or only in part.

    Raises:
        MissingExtraError: ImageHash is not installed.
    """
    folder = training_run(source)
    if folder is None:
        return None
    corpus = Corpus()
    try:
        config = load_config(folder / "config.yaml", follow=False)
        world = load_world(config.played)
        known = (RunFolder(folder).about.get("world") or {}).get("fingerprint")
        if _attacked(world, config.attacker.channels).fingerprint != known:
            return None
        for scenario in world.scenarios("train"):
            corpus.add(TRAINING, request_of(scenario))
        with AttackPool(folder / "pool.sqlite", read_only=True) as attacks:
            for entry in attacks:
                corpus.add(TRAINING, request_of(entry.turn.scenario, entry.turn.attack))
    except MissingExtraError:
        raise
    except SectowError:
        return None
    return corpus


def _attacked(world: World, channels: Sequence[str | None] | None) -> World:
    """The world through the channels of its run, which are a part of its fingerprint."""
    # The folder may be another's, and settings of a channel open folders.
    if channels is None or any(SEPARATOR in str(name) for name in channels):
        return world
    return world.attacked_through(channels) if isinstance(world, TakesChannels) else world
