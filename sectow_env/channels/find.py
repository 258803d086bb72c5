"""Channels by name, out of the group `sectow.channels`."""

from __future__ import annotations

import sys
from functools import lru_cache

from sectow_env.channels.base import PackChannel
from sectow_env.errors import ConfigError, at_fault, unknown
from sectow_env.registry.entry_points import Registry
from sectow_env.registry.spec import SEPARATOR, parse_spec

CHANNELS: Registry[object] = Registry("sectow.channels")
_WORLD = "apothecary/"
"""What the names of channels of that world begin with."""


def channel_names() -> tuple[str, ...]:
    """The registered channels that may be for packs. Imports nothing."""
    return tuple(name for name in CHANNELS.names() if not name.startswith(_WORLD))


def find_channel(spec: str) -> PackChannel:
    """The channel with this name or spec, such as `image/retrieval?folder=DIR`.

    Raises:
        UnknownNameError: Nothing is registered under this name; similar names are suggested.
        ConfigError: It is a channel of another kind, or does not take these settings.
        PartError: The channel's factory failed.
    """
    # It is called for each attack, and a look-up of what is installed takes 10 ms.
    return _made(spec, tuple(sys.path))


def find_label(label: str | None) -> PackChannel | None:
    """The channel behind a label in a file: a bare name of a channel for packs, else None.

    A label with settings is only a label: a file must not open folders or load models.
    """
    if label not in channel_names():
        return None
    try:
        return find_channel(label)
    except ConfigError:
        return None


def is_for_packs(spec: str) -> bool:
    """Whether a spec names a channel for packs; builds none where its class says so."""
    return _is_for_packs(spec.partition(SEPARATOR)[0], tuple(sys.path))


@lru_cache(maxsize=64)
def _is_for_packs(name: str, path: tuple[str, ...]) -> bool:
    del path  # What is installed depends on it.
    if name not in channel_names():
        return False
    factory = CHANNELS.get(name)
    if isinstance(factory, type):
        return issubclass(factory, PackChannel)
    return find_label(name) is not None


@lru_cache(maxsize=64)
def _made(spec: str, path: tuple[str, ...]) -> PackChannel:
    del path  # What is installed depends on it.
    name, settings = parse_spec(spec)
    if name not in channel_names():
        raise unknown("channel", name, channel_names())
    with at_fault(f"the channel {name}"):
        channel = CHANNELS.make(name, **settings)
    if not isinstance(channel, PackChannel):
        raise ConfigError(
            given=f"the channel {name!r}",
            why="it is not a channel for scenario packs",
            fix="choose one whose class is derived from sectow_env.channels.PackChannel",
        )
    # Pools and tables identify channels by name, so it gets the spec that finds it again.
    channel.name = spec
    return channel
