"""The organism plays in its own world, and on packs."""

from __future__ import annotations

from pathlib import Path

from sectow_agents.organism.policies import attacker, defender
from sectow_agents.organism.store import checkpoint
from sectow_env.resolve.worlds import load_world
from sectow_env.worlds.apothecary import Apothecary


def test_a_pack_is_played_by_the_shipped_organism(root: Path) -> None:
    pack = load_world(str(root / "examples/packs/lantern_shop.jsonl"))
    assert defender(world=pack).source == checkpoint("defender", 0)
    assert attacker(world=pack).source == checkpoint("attacker", 0)


def test_world_0_is_played_by_its_own_organism() -> None:
    assert defender(world=Apothecary(0)).source == checkpoint("defender", 0)
    assert attacker().source == checkpoint("attacker", 0)
