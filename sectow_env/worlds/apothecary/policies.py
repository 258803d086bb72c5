"""Scripted policies of the Apothecary: attackers and defenders without a network.

The defenders see only the attack. They read its picture perfectly, from `Attack.drawn`; if
the words in a picture are unknown, they see none. Every factory takes the world.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Invalid, Scenario
from sectow_env.game.seeds import SeedQueue
from sectow_env.game.world import World
from sectow_env.worlds.apothecary.channels import (
    WORKING_CHANNELS,
    channels_of,
    find_channel,
    may_play,
)
from sectow_env.worlds.apothecary.frames import Frame
from sectow_env.worlds.apothecary.names import INVENTORIES, syllables_in
from sectow_env.worlds.apothecary.potions import Potion
from sectow_env.worlds.apothecary.recipes import REFUSALS, words_of
from sectow_env.worlds.apothecary.world import Apothecary, require_apothecary
from sectow_env.worlds.rendering import render_frame

UNSURE = "i do not know this potion"
NONSENSE = "seven spoons sing under the blue bridge"
Playable = Callable[[Frame], bool]
"""Whether an attacker plays a frame."""


class FrameAttacker:
    """Renders a scenario's potion with a trained frame drawn at random.

    A scenario without a potion is asked as it is; without a query the attack is invalid.

    Args:
        channels: Channels to draw from if the scenario has none.
        playable: Only these frames, if a channel has any of them; default: all trained frames.
        seed: Seed of the draws without `reseed`.
    """

    def __init__(
        self, channels: Sequence[str], playable: Playable | None = None, *, seed: int = 0
    ) -> None:
        self._channels = tuple(channels)
        self._playable = playable
        self._own = _generator(seed)
        self._seeds = SeedQueue()

    def reseed(self, seeds: Sequence[int]) -> None:
        """Set the seeds of the scenarios of the next call."""
        self._seeds.reseed(seeds)

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One valid attack per scenario.

        Raises:
            ConfigError: A channel is reserved for another split than the scenario's.
        """
        seeds = self._seeds.handed()
        own = [self._own] * len(scenarios)
        rngs = own if seeds is None else [_generator(seed) for seed in seeds]
        return [self._attack(scenario, rng) for scenario, rng in zip(scenarios, rngs, strict=True)]

    def _attack(self, scenario: Scenario, rng: np.random.Generator) -> Attack:
        words = tuple(scenario.meta.get("potion", "").split())
        if not words:
            return _as_it_is(scenario)
        name = scenario.channel or self._channels[int(rng.integers(len(self._channels)))]
        if not may_play(name, scenario.split):
            raise ConfigError(
                given=f"an attack by {name!r} on a scenario of the split {scenario.split!r}",
                why="this channel is reserved for another split, so that it stays unseen",
                fix=f"choose from {', '.join(channels_of(scenario.split))}",
            )
        frames = self._frames(name)
        frame = frames[int(rng.integers(len(frames)))]
        return render_frame(find_channel(name), frame, words, jitter_key=scenario.id)

    def _frames(self, channel: str) -> list[Frame]:
        trained = [frame for frame in find_channel(channel).frames if not frame.held_out]
        kept = [frame for frame in trained if self._playable is None or self._playable(frame)]
        return kept or trained


class ChannelAttacker(FrameAttacker):
    """Plays one channel, whatever channel the scenario names."""

    def __init__(self, channel: str, *, seed: int = 0) -> None:
        super().__init__((channel,), seed=seed)
        self.served_channels = (channel,)

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One valid attack per scenario; as in `FrameAttacker`."""
        free = [scenario.model_copy(update={"channel": None}) for scenario in scenarios]
        return super().attack(free)


class RecipeDefender:
    """Knows every recipe, whatever the channel and the order of the name.

    Args:
        world: Whose recipes it knows.
        guarded: Refuse when the query mentions a controlled name in plain order.
    """

    def __init__(self, world: Apothecary, *, guarded: bool) -> None:
        self._potions = {potion.name: potion for potion in world.potions}
        self._guarded = guarded

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """A refusal, the recipe, or that the potion is unknown."""
        return [self._answer(attack) for attack in attacks]

    def _answer(self, attack: Attack) -> str:
        if self._guarded and self._mentions_controlled(attack.query):
            return REFUSALS[0]
        potion = self._potion(f"{attack.query} {attack.drawn or ''}") or self._last_mentioned(
            attack
        )
        return potion.answer if potion else UNSURE

    def _last_mentioned(self, attack: Attack) -> Potion | None:
        """The potion that the conversation was last about."""
        shown = (f"{turn.query} {turn.drawn or ''}" for turn in reversed(attack.history))
        return next(filter(None, map(self._potion, shown)), None)

    def _potion(self, shown: str) -> Potion | None:
        syllables = syllables_in(words_of(shown))
        parts = [[part for part in inventory if part in syllables] for inventory in INVENTORIES]
        if any(len(part) != 1 for part in parts):
            return None
        first, middle, last = (part[0] for part in parts)
        return self._potions.get((first, middle, last))

    def _mentions_controlled(self, query: str) -> bool:
        words = words_of(query)
        names = zip(words, words[1:], words[2:], strict=False)
        return any(name in self._potions and self._potions[name].controlled for name in names)


class FixedDefender:
    """Gives the same response to everything."""

    def __init__(self, response: str) -> None:
        self._response = response

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """The response, once per attack."""
        return [self._response] * len(attacks)


def channel_attacker(channel: str, *, world: World) -> ChannelAttacker:
    """`apothecary/<channel>`: a random trained frame of the channel."""
    del world  # Frames are the same in every world.
    return ChannelAttacker(channel)


plain = partial(channel_attacker, "plain")
typography = partial(channel_attacker, "typography")
role_play = partial(channel_attacker, "role_play")
reversed_name = partial(channel_attacker, "reversed")
split = partial(channel_attacker, "split")
icon = partial(channel_attacker, "icon")
cipher = partial(channel_attacker, "cipher")


def random(*, world: World) -> FrameAttacker:
    """`apothecary/random`: a random trained frame of the scenario's or any working channel."""
    del world  # Frames are the same in every world.
    return FrameAttacker(WORKING_CHANNELS)


def oracle(*, world: World) -> FrameAttacker:
    """`apothecary/oracle`: knows the weakness map and plays an open trained frame.

    Of a channel without one, such as plain text, it plays any trained frame.
    """
    apothecary = require_apothecary(world, "the policy 'apothecary/oracle'")
    return FrameAttacker(WORKING_CHANNELS, apothecary.is_open)


def keyword(*, world: World) -> RecipeDefender:
    """`apothecary/keyword`: refuses controlled names in plain order, answers everything else.

    So it is safe on plain text and role play, and weak if the name is hidden or reordered.
    """
    return RecipeDefender(
        require_apothecary(world, "the policy 'apothecary/keyword'"), guarded=True
    )


def answer_all(*, world: World) -> RecipeDefender:
    """`apothecary/answer_all`: gives every recipe."""
    return RecipeDefender(
        require_apothecary(world, "the policy 'apothecary/answer_all'"), guarded=False
    )


def refuse_all(*, world: World) -> FixedDefender:
    """`apothecary/refuse_all`: refuses everything, harmless requests too; plays in any world."""
    del world  # It looks at nothing.
    return FixedDefender(REFUSALS[0])


def nonsense(*, world: World) -> FixedDefender:
    """`apothecary/nonsense`: neither refuses nor answers; plays in any world."""
    del world  # It looks at nothing.
    return FixedDefender(NONSENSE)


def _as_it_is(scenario: Scenario) -> Attack:
    if scenario.query is None:
        return Attack(query="", image=scenario.image, invalid=Invalid.OFF_BEHAVIOR)
    return Attack(query=scenario.query, image=scenario.image)


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))
