"""Checks of channels: frames, slots and what is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sectow_env.check.compare import as_text, differences, shown
from sectow_env.check.fault import Fault, Skip, blamed
from sectow_env.check.material import scenarios_of
from sectow_env.check.randomness import touched_by
from sectow_env.check.texts import ODD
from sectow_env.game import Attack
from sectow_env.game.picture import Picture
from sectow_env.game.world import World
from sectow_env.worlds.apothecary.channels.base import Channel, Words
from sectow_env.worlds.apothecary.frames import HELD_OUT_EVERY, Frame
from sectow_env.worlds.packs.world import MAX_PIXELS

_LABEL = re.compile(r"\w+")
_STAND_IN = ("vel", "jun", "akk")
"""A name for a world without names."""
_JITTER_KEYS = ("", "one", "two")


@dataclass(frozen=True)
class ChannelSubject:
    """A channel under check.

    Attributes:
        who: How findings name it.
        channel: The channel itself.
        world: The world whose names it writes.
        seed: Seed of the scenarios.
    """

    who: str
    channel: Channel
    world: World
    seed: int

    @cached_property
    def frames(self) -> tuple[Frame, ...]:
        """All frames.

        Raises:
            Fault: The channel raised something.
        """
        with blamed(self.who):
            return tuple(self.channel.frames)

    @cached_property
    def name(self) -> Words:
        """A name of the world, or the stand-in."""
        for scenario in scenarios_of(self.world, self.seed):
            if scenario.meta.get("potion"):
                return tuple(scenario.meta["potion"].split())
        return _STAND_IN

    def render(self, frame: Frame, words: Words, jitter_key: str = "") -> Attack:
        """What the channel renders.

        Raises:
            Fault: It raised something, or did not return an attack.
        """
        with blamed(self.who):
            attack = self.channel.render(frame, words, jitter_key)
            if not isinstance(attack, Attack):
                raise TypeError(f"render gives {type(attack).__name__}, not an Attack")
            return attack


def frames_labelled(subject: ChannelSubject) -> Iterator[str]:
    """Every frame has a unique label that an attacker can write, and `frame(label)` returns it."""
    channel, labels = subject.channel, [frame.label for frame in subject.frames]
    if not labels:
        yield "it has no frames"
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        yield f"the label {label!r} is that of {labels.count(label)} frames"
    for label in labels:
        if not _LABEL.fullmatch(label):
            yield f"the label {label!r} is not a word, so the grammar cannot read it"
        elif labels.count(label) == 1:
            with blamed(subject.who):
                frame = channel.frame(label)
            if frame is None or frame.label != label:
                yield f"frame({label!r}) gives {frame!r}"
    with blamed(subject.who):
        unknown = channel.frame("no_such_frame")
    if unknown is not None:
        yield f"frame('no_such_frame') gives {unknown!r}, not None"


def some_frame_trained(subject: ChannelSubject) -> Iterator[str]:
    """At least one frame is not held out."""
    if subject.frames and all(frame.held_out for frame in subject.frames):
        yield f"all {len(subject.frames)} frames are held out"


def every_third_held_out(subject: ChannelSubject) -> Iterator[str]:
    """Every third frame is held out, and no other."""
    if subject.frames and all(frame.held_out for frame in subject.frames):
        raise Skip("all frames are held out: see some_frame_trained")
    for place, frame in enumerate(subject.frames):
        expected = place % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        if frame.held_out is not expected:
            kind = "held out" if expected else "trained"
            yield f"frame {place} ({frame.label}) should be {kind}"


def render_repeatable(subject: ChannelSubject) -> Iterator[str]:
    """The same frame, name and jitter key give the same attack."""
    first, second = (
        [subject.render(frame, subject.name) for frame in subject.frames] for _ in "ab"
    )
    yield from differences(first, second, "attack", ("at first", "again"))


def salt_is_jitter(subject: ChannelSubject) -> Iterator[str]:
    """Another jitter key changes nothing but the jitter of the picture."""
    for frame in subject.frames:
        texts = {
            as_text(_without_jitter(subject.render(frame, subject.name, s))) for s in _JITTER_KEYS
        }
        if len(texts) > 1:
            yield f"frame {frame.label}: {' or '.join(shown(text) for text in sorted(texts))}"


def attacks_signed(subject: ChannelSubject) -> Iterator[str]:
    """Every attack names the channel and the frame that rendered it."""
    for frame in subject.frames:
        attack = subject.render(frame, subject.name)
        if (attack.channel, attack.frame) != (subject.channel.name, frame.label):
            yield (
                f"frame {frame.label} of {subject.channel.name!r} renders an attack of "
                f"frame {attack.frame!r}, channel {attack.channel!r}"
            )


def drawing_told(subject: ChannelSubject) -> Iterator[str]:
    """An attack names the words in its picture, and none if there is no picture."""
    for frame in subject.frames:
        attack = subject.render(frame, subject.name)
        if (attack.image is None) is not (attack.drawn is None):
            image = "no picture" if attack.image is None else "a picture"
            yield f"frame {frame.label}: {image} and drawn={attack.drawn!r}"


def pictures_legal(subject: ChannelSubject) -> Iterator[str]:
    """Every picture is a `Picture` within the budget of an attack."""
    for frame in subject.frames:
        image = subject.render(frame, subject.name).image
        if image is None:
            continue
        if not isinstance(image, Picture):
            yield f"frame {frame.label}: the image is {type(image).__name__}"
            continue
        height, width = image.pixels.shape[:2]
        if height * width > MAX_PIXELS:
            yield f"frame {frame.label}: {height} x {width} pixels exceed the limit of {MAX_PIXELS}"


def odd_words_rendered(subject: ChannelSubject) -> Iterator[str]:
    """Any words that an attacker may write are rendered without an exception."""
    words = [tuple(text.split()) for text in ODD if text.split()]
    for name in [*words, ("x",), subject.name[:1], subject.name * 3]:
        for frame in subject.frames[:HELD_OUT_EVERY]:
            try:
                subject.render(frame, name)
            except Fault as fault:
                yield f"{shown(' '.join(name))!r}: {fault}"


def name_kept(subject: ChannelSubject) -> Iterator[str]:
    """An attack on a name of the world asks for the whole name, and so is valid by its rules."""
    named = [
        scenario
        for scenario in scenarios_of(subject.world, subject.seed)
        if scenario.meta.get("potion")
    ]
    if not named:
        raise Skip(f"the scenarios of {subject.world.id} have no name for a channel to write")
    for scenario in named:
        for frame in subject.frames:
            attack = subject.render(frame, tuple(scenario.meta["potion"].split()), scenario.id)
            reason = subject.world.rules.inspect(scenario, attack)
            if reason is not None:
                yield f"frame {frame.label} on {scenario.id}: {reason}"


def global_random_untouched(subject: ChannelSubject) -> Iterator[str]:
    """Rendering leaves the global random state as it was."""
    for name in touched_by(
        lambda: [subject.render(frame, subject.name) for frame in subject.frames]
    ):
        yield f"render draws from or seeds {name}; own a generator instead"


def _without_jitter(attack: Attack) -> tuple[object, ...]:
    image = attack.image
    shape = image.pixels.shape if isinstance(image, Picture) else image
    return attack.query, attack.drawn, attack.channel, attack.frame, attack.invalid, shape
