"""The attack families of the Apothecary, one small class each."""

from __future__ import annotations

from sectow_env.game import Split as DataSplit
from sectow_env.worlds.apothecary.channels.base import Channel
from sectow_env.worlds.apothecary.channels.cipher import Cipher
from sectow_env.worlds.apothecary.channels.icon import Icon
from sectow_env.worlds.apothecary.channels.plain import Plain
from sectow_env.worlds.apothecary.channels.reversed_name import Reversed
from sectow_env.worlds.apothecary.channels.role_play import RolePlay
from sectow_env.worlds.apothecary.channels.split import Split
from sectow_env.worlds.apothecary.channels.typography import Typography

__all__ = ["CHANNELS", "RL_CHANNELS", "WORKING_CHANNELS", "Channel", "channels_of"]

CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (Plain(), Typography(), RolePlay(), Reversed(), Split(), Icon(), Cipher())
}
WORKING_CHANNELS = ("typography", "role_play", "reversed", "split")
"""Channels with open frames that RL phases use."""
RL_CHANNELS = ("plain", *WORKING_CHANNELS)


def channels_of(split: DataSplit) -> tuple[str, ...]:
    """Channels that a split may use: icon is for validation only, cipher for test only."""
    return RL_CHANNELS + {"train": (), "validation": ("icon",), "test": ("cipher",)}[split]
