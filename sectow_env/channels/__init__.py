"""Channels for scenario packs: forms in which any scenario can be attacked."""

from sectow_env.channels.base import EXAMPLE_BEHAVIOR, SCRIPTED_EXAMPLES, PackChannel, Writing
from sectow_env.channels.find import channel_names, find_channel, find_label, is_for_packs
from sectow_env.channels.slots import Slot, Slots

__all__ = [
    "EXAMPLE_BEHAVIOR",
    "SCRIPTED_EXAMPLES",
    "PackChannel",
    "Slot",
    "Slots",
    "Writing",
    "channel_names",
    "find_channel",
    "find_label",
    "is_for_packs",
]
