"""Checks of channels for scenario packs: what is asked for, read, scripted and rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sectow_env.channels import PackChannel, Slots, Writing
from sectow_env.channels.play import render
from sectow_env.channels.slots import too_long
from sectow_env.check.compare import differences, shown
from sectow_env.check.fault import Fault, Skip, blamed
from sectow_env.check.material import flipped, scenarios_of
from sectow_env.check.randomness import touched_by
from sectow_env.check.texts import ODD
from sectow_env.game import Attack, Scenario
from sectow_env.game.renderer import Renderer
from sectow_env.game.world import World
from sectow_env.images.emblem import Emblem
from sectow_env.images.typography import Typography, draw_words
from sectow_env.worlds.packs.world import PackRules

_SLOT = re.compile(r"[a-z]+(_[a-z]+)*")
_STYLE = re.compile(r"\w+")


@dataclass(frozen=True)
class PackChannelSubject:
    """A channel for packs under check.

    Attributes:
        who: How findings name it.
        channel: The channel itself.
        name: As the user named it.
        world: Gives the scenarios.
        seed: Seed of the scenarios.
    """

    who: str
    channel: PackChannel
    name: str
    world: World
    seed: int

    def __post_init__(self) -> None:
        self.channel.name = self.channel.name or self.name

    @cached_property
    def scenarios(self) -> list[Scenario]:
        """Some scenarios, also with a seed query and a seed image."""
        first, *others = scenarios_of(self.world, self.seed)
        seeded = first.model_copy(update={"query": "what is it?", "image": draw_words(("seed",))})
        return [first.model_copy(update={"query": None, "image": None}), seeded, *others]

    @cached_property
    def renderer(self) -> Renderer:
        """The world's, or one that makes scenes where the channel needs one."""
        own: Renderer = getattr(self.world, "renderer", None) or Typography()
        return Emblem() if self.channel.needs_scenes and own.legible else own

    @cached_property
    def writings(self) -> list[Writing]:
        """What the script writes for each scenario in each style.

        Raises:
            Fault: It raised something, or left a slot out.
        """
        return self.scripts(self.scenarios)

    def scripts(self, scenarios: Sequence[Scenario]) -> list[Writing]:
        """As `writings`, for other scenarios."""
        return [
            Writing(self.script(scenario, style), scenario, style)
            for scenario in scenarios
            for style in self.channel.styles
        ]

    def script(self, scenario: Scenario, style: str) -> Slots:
        """What the script writes, with equal draws at each call."""
        with blamed(self.who):
            rng = np.random.Generator(np.random.PCG64(self.seed))
            slots = self.channel.script(scenario, style, rng)
            if sorted(slots) != sorted(slot.name for slot in self.channel.slots):
                raise ValueError(f"script fills {', '.join(slots)}, not the channel's slots")
            return slots

    def render(self, writings: Sequence[Writing]) -> list[Attack]:
        """What the channel renders.

        Raises:
            Fault: It raised something, or did not return one attack per writing.
        """
        with blamed(self.who):
            return render(self.channel, writings, self.renderer)


def slots_described(subject: PackChannelSubject) -> Iterator[str]:
    """Every slot has a unique name in lower-case words, a meaning and an example in its limits."""
    channel = subject.channel
    names = [slot.name for slot in channel.slots]
    if not names:
        yield "it has no slots"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{names.count(name)} slots are named {name!r}"
    for slot in channel.slots:
        if not _SLOT.fullmatch(slot.name):
            yield f"the slot {slot.name!r} is not in lower-case words joined by underscores"
        if not slot.meaning or not slot.example:
            yield f"the slot {slot.name} has no meaning or no example"
        if slot.choices and slot.example not in slot.choices:
            yield f"the example of the slot {slot.name} is not one of its choices"
    if too_long(channel.example, channel.slots):
        yield "its worked example is longer than its slots allow"


def styles_named(subject: PackChannelSubject) -> Iterator[str]:
    """The styles are distinct words, and the style of what was written is one of them."""
    channel = subject.channel
    if not channel.styles or len(set(channel.styles)) < len(channel.styles):
        yield f"its styles are {channel.styles!r}"
    for style in channel.styles:
        if not _STYLE.fullmatch(style):
            yield f"the style {style!r} is not a word"
    for slots, scenario, style in subject.writings:
        with blamed(subject.who):
            drawn = channel.style_of(slots, scenario)
        if drawn is not None and drawn not in channel.styles:
            yield f"what the script wrote in {style} has the unknown style {drawn!r}"


def written_read_back(subject: PackChannelSubject) -> Iterator[str]:
    """The worked example and every script are read back from what `write` makes of them."""
    channel = subject.channel
    for slots in (channel.example, *(writing.slots for writing in subject.writings)):
        with blamed(subject.who):
            back = channel.read(channel.write(slots))
        if back != slots:
            yield f"{shown(slots)} is read back as {shown(back)}"


def junk_not_read(subject: PackChannelSubject) -> Iterator[str]:
    """Junk, and the request itself, are not read as an attack."""
    channel = subject.channel
    requests = [channel.request(scenario)[-1].text for scenario in subject.scenarios]
    for text in (*ODD, *requests):
        with blamed(subject.who):
            slots = channel.read(text)
        if slots is not None:
            yield f"{shown(text)!r} is read as {shown(slots)}"


def behavior_requested(subject: PackChannelSubject) -> Iterator[str]:
    """The request ends with the user's message, which has the behavior's words in it."""
    for scenario in subject.scenarios:
        with blamed(subject.who):
            last = subject.channel.request(scenario)[-1]
        missing = [word for word in scenario.behavior.split() if word not in last.text]
        if last.role != "user" or missing:
            yield f"{scenario.id}: {last.role} message without {' '.join(missing) or 'a user'}"


def render_repeatable(subject: PackChannelSubject) -> Iterator[str]:
    """The same writings give the same attacks, in a batch, alone and in reverse order."""
    whole = subject.render(subject.writings)
    alone = [subject.render([writing])[0] for writing in subject.writings]
    yield from differences(whole, alone, "attack", ("in a batch", "alone"))
    turned = subject.render(subject.writings[::-1])[::-1]
    yield from differences(whole, turned, "attack", ("in order", "in reverse"))


def pictures_as_declared(subject: PackChannelSubject) -> Iterator[str]:
    """A channel that draws gives pictures, with their words only where there is a picture."""
    for writing, attack in zip(subject.writings, subject.render(subject.writings), strict=True):
        if attack.invalid is not None:
            continue
        if subject.channel.draws and attack.image is None:
            yield f"{writing.style} on {writing.scenario.id}: draws, but there is no picture"
        if attack.drawn is not None and attack.image is None:
            yield f"{writing.style} on {writing.scenario.id}: drawn words without a picture"


def scripts_play(subject: PackChannelSubject) -> Iterator[str]:
    """What the script writes is within the budget of an attack."""
    if subject.channel.needs_scenes and subject.renderer.id == Emblem.id:
        raise Skip("it needs a renderer that makes scenes of whole sentences")
    rules = PackRules()
    for writing, attack in zip(subject.writings, subject.render(subject.writings), strict=True):
        reason = attack.invalid or rules.inspect(writing.scenario, attack)
        if reason is not None:
            yield f"{writing.style} on {writing.scenario.id}: {reason}"


def label_unseen(subject: PackChannelSubject) -> Iterator[str]:
    """Whether a scenario is harmful changes neither its script nor its attack."""
    others = subject.scripts([flipped(scenario) for scenario in subject.scenarios])
    names = ("unchanged", "with the label flipped")
    mine, theirs = (
        [dict(writing.slots) for writing in side] for side in (subject.writings, others)
    )
    yield from differences(mine, theirs, "script", names)
    yield from differences(
        subject.render(subject.writings), subject.render(others), "attack", names
    )


def odd_words_rendered(subject: PackChannelSubject) -> Iterator[str]:
    """Any words that an attacker may write are rendered without an exception."""
    channel, scenario = subject.channel, subject.scenarios[0]
    for text in ODD:
        slots = {
            slot.name: (slot.choices[0] if slot.choices else text.strip()[: slot.longest] or "x")
            for slot in channel.slots
        }
        try:
            subject.render([Writing(slots, scenario, style) for style in channel.styles])
        except Fault as fault:
            yield f"{shown(text)!r}: {fault}"


def global_random_untouched(subject: PackChannelSubject) -> Iterator[str]:
    """Rendering leaves the global random state as it was."""
    for name in touched_by(lambda: subject.render(subject.writings)):
        yield f"render draws from or seeds {name}; own a generator instead"
