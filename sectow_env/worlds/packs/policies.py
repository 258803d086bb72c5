"""Scripted policies of scenario packs: enough to play one, and to see that it is sound."""

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
        world: Any world; scenarios bring all that is needed.
    """

    def __init__(self, *, world: World) -> None:
        del world  # Named by the convention of policies.

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack a scenario."""
        return [seed_attack(scenario) for scenario in scenarios]


class Lookup:
    """`pack/lookup`: refuses the harmful seed attacks, gives the reference to the benign ones.

    It knows nothing else: to any other attack it says that it does not know.

    Args:
        world: The pack.

    Raises:
        ConfigError: The world is no pack.
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
        """One response an attack."""
        return [self._answers.get(_key(attack), UNSURE) for attack in attacks]


def _key(attack: Attack) -> tuple[str, str | None]:
    return attack.query, attack.image.sha256 if attack.image else None
