"""Scripted policies of scenario packs: enough to play one and to test it."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.channels import channel_names, find_label
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Scenario
from sectow_env.game.seeds import SeedQueue
from sectow_env.game.world import World
from sectow_env.worlds.packs.world import PackWorld, attacked_through, seed_attack

REFUSAL = "i am sorry , i can not help with that"
UNSURE = "i do not know"


class Seed:
    """`pack/seed`: plays each scenario's own image and query, or the script of its channel.

    Args:
        world: Any world; the scenarios are enough.
    """

    def __init__(self, *, world: World) -> None:
        self._pack = world if isinstance(world, PackWorld) else PackWorld(())

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack per scenario."""
        return self._pack.scripts(scenarios, [0] * len(scenarios))


class Scripted:
    """`channels/scripted`: what the scripts of channels for packs write; it needs no model.

    A scenario that names no channel is attacked through one of the served channels, drawn.

    Args:
        world: The pack.
        channel: Name or spec of the only channel that is served. Default: the channels in use,
            or else all that need neither settings nor another renderer.
        seed: Of the draws of style and wording that nobody seeds by `reseed`.

    Raises:
        ConfigError: The world is not a pack.
        UnknownNameError: There is no such channel.
    """

    def __init__(self, *, world: World, channel: str | None = None, seed: int = 0) -> None:
        pack = _require_pack(world, "channels/scripted", "it writes for channels of a")
        names = (channel,) if channel else pack.channels or _playable(pack)
        self._names = names
        self.served_channels: tuple[str | None, ...] = names
        self._world = pack.attacked_through(names)
        self._seeds = SeedQueue(seed)

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the next call's items; see `sectow_env.game.Reseedable`."""
        self._seeds.reseed(seeds)

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack per scenario."""
        seeds = self._seeds.take(len(scenarios))
        served = [
            scenario
            if scenario.channel is not None
            else attacked_through(scenario, self._names[seed % len(self._names)])
            for scenario, seed in zip(scenarios, seeds, strict=True)
        ]
        return self._world.scripts(served, seeds)


class Lookup:
    """`pack/lookup`: refuses the harmful seed attacks, answers the benign ones by reference.

    To any other attack it answers that it does not know.

    Raises:
        ConfigError: The world is not a pack.
    """

    def __init__(self, *, world: World) -> None:
        pack = _require_pack(world, "pack/lookup", "it looks attacks up in a")
        self._answers = {
            _key(seed_attack(scenario)): REFUSAL
            if scenario.harmful
            else scenario.reference or UNSURE
            for scenario in pack.items
        }

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One response per attack."""
        return [self._answers.get(_key(attack), UNSURE) for attack in attacks]


def _playable(pack: PackWorld) -> tuple[str, ...]:
    channels = (find_label(name) for name in channel_names())
    return tuple(
        channel.name
        for channel in channels
        if channel is not None and not (channel.needs_scenes and pack.renderer.legible)
    )


def _require_pack(world: World, policy: str, why: str) -> PackWorld:
    if isinstance(world, PackWorld):
        return world
    raise ConfigError(
        given=f"the policy {policy!r} in the world {world.id!r}",
        why=f"{why} scenario pack",
        fix="give the path of a pack as world, or another policy",
    )


def _key(attack: Attack) -> tuple[str, str | None]:
    return attack.query, attack.image.sha256 if attack.image else None
