"""The attack families of the Apothecary, one class each."""

from __future__ import annotations

import sys
from functools import lru_cache

from sectow_env.channels import PackChannel
from sectow_env.errors import ConfigError, at_fault, unknown
from sectow_env.game import SPLITS
from sectow_env.game import Split as DataSplit
from sectow_env.registry.entry_points import Registry
from sectow_env.worlds.apothecary.channels.base import Channel
from sectow_env.worlds.apothecary.channels.cipher import Cipher
from sectow_env.worlds.apothecary.channels.icon import Icon
from sectow_env.worlds.apothecary.channels.plain import Plain
from sectow_env.worlds.apothecary.channels.reversed_name import Reversed
from sectow_env.worlds.apothecary.channels.role_play import RolePlay
from sectow_env.worlds.apothecary.channels.split import Split
from sectow_env.worlds.apothecary.channels.typography import Typography

__all__ = [
    "CHANNELS",
    "RL_CHANNELS",
    "WORKING_CHANNELS",
    "Channel",
    "channels_of",
    "find_channel",
    "may_play",
]

CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (Plain(), Typography(), RolePlay(), Reversed(), Split(), Icon(), Cipher())
}
WORKING_CHANNELS = ("typography", "role_play", "reversed", "split")
"""Channels with open frames that RL phases use."""
_NOT_BY_NAME = ("apothecary/", "text/", "image/")
"""Registered beginnings: our own channels, which go by their short names, and those for packs."""
RL_CHANNELS = ("plain", *WORKING_CHANNELS)


def channels_of(split: DataSplit) -> tuple[str, ...]:
    """Channels that a split may use: icon is for validation only, cipher for test only."""
    return RL_CHANNELS + {"train": (), "validation": ("icon",), "test": ("cipher",)}[split]


def find_channel(name: str) -> Channel:
    """The channel with this name: one of the Apothecary's, or a registered one (`mine/stutter`).

    Raises:
        UnknownNameError: The name is unknown; similar names are suggested.
        PartError: The channel's factory failed.
    """
    return CHANNELS[name] if name in CHANNELS else _registered(name, tuple(sys.path))


@lru_cache(maxsize=64)
def _registered(name: str, path: tuple[str, ...]) -> Channel:
    # Called several times per attack, and a look-up of what is installed takes 10 ms.
    del path  # What is installed depends on it.
    registry: Registry[Channel | PackChannel] = Registry("sectow.channels")
    others = [other for other in registry.names() if not other.startswith(_NOT_BY_NAME)]
    if name not in others:
        raise unknown("channel", name, [*CHANNELS, *others])
    with at_fault(f"the channel {name}"):
        channel = registry.make(name)
    if isinstance(channel, PackChannel):
        raise ConfigError(
            given=f"the channel {name!r} in the Apothecary",
            why="it is a channel for scenario packs",
            fix=f"choose from {', '.join(CHANNELS)}, or give a pack as world",
        )
    # Pools and tables identify channels by name, so it gets its unique registered name.
    channel.name = name
    return channel


def may_play(name: str, split: DataSplit) -> bool:
    """Whether a split may use a channel; one from another package has its own `splits`."""
    if name in CHANNELS:
        return name in channels_of(split)
    return split in getattr(find_channel(name), "splits", SPLITS)
