"""Scripted policies of scenario packs: enough to play one and to test it."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Scenario
from sectow_env.game.world import World
from sectow_env.worlds.packs.world import PackWorld, seed_attack

REFUSAL = "i am sorry , i can not help with that"
UNSURE = "i do not know"


class Seed:
    """`pack/seed`: plays each scenario's own image and query.

    Args:
        world: Any world; the scenarios are enough.
    """

    def __init__(self, *, world: World) -> None:
        del world  # Every policy factory takes it.

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack per scenario."""
        return [seed_attack(scenario) for scenario in scenarios]


class Lookup:
    """`pack/lookup`: refuses the harmful seed attacks, answers the benign ones by reference.

    To any other attack it answers that it does not know.

    Args:
        world: The pack.

    Raises:
        ConfigError: The world is not a pack.
    """

    def __init__(self, *, world: World) -> None:
        if not isinstance(world, PackWorld):
            raise ConfigError(
                given=f"the policy 'pack/lookup' in the world {world.id!r}",
                why="it looks attacks up in a scenario pack",
                fix="give the path of a pack as world, or another policy",
            )
        self._answers = {
            _key(seed_attack(scenario)): REFUSAL
            if scenario.harmful
            else scenario.reference or UNSURE
            for scenario in world.items
        }

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One response per attack."""
        return [self._answers.get(_key(attack), UNSURE) for attack in attacks]


def _key(attack: Attack) -> tuple[str, str | None]:
    return attack.query, attack.image.sha256 if attack.image else None
