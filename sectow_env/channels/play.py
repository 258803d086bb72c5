"""From completions and scripts to attacks, channel by channel in whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType

from sectow_env.channels.base import PackChannel, Writing
from sectow_env.channels.slots import Slots, too_long
from sectow_env.errors import at_fault, one_each
from sectow_env.game.records import Attack, Invalid, Scenario
from sectow_env.game.renderer import Renderer
from sectow_env.images.drawing import generator


def read_and_render(
    channel: PackChannel,
    scenarios: Sequence[Scenario],
    completions: Sequence[str],
    renderer: Renderer,
) -> list[Attack]:
    """What completions become in a channel; what cannot be rendered is an invalid attack.

    Raises:
        PartError: The channel or the renderer failed, or returned something invalid.
    """
    pairs = list(zip(scenarios, completions, strict=True))
    read = [_writing(channel, scenario, completion) for scenario, completion in pairs]
    writings = [writing for writing in read if isinstance(writing, Writing)]
    rendered = iter(render(channel, writings, renderer))
    attacks = [
        next(rendered)
        if isinstance(result, Writing)
        else Attack(query="", channel=channel.name, invalid=result)
        for result in read
    ]
    return [
        attack.model_copy(update={"source": completion})
        for attack, completion in zip(attacks, completions, strict=True)
    ]


def render(channel: PackChannel, writings: Sequence[Writing], renderer: Renderer) -> list[Attack]:
    """Render filled slots; without a picture that it needs, an attack is invalid.

    A channel that draws nothing leaves the scenario its seed image.

    Raises:
        PartError: The channel or the renderer failed, or returned something invalid.
    """
    if not writings:
        return []
    what = f"the channel {channel.name}"
    with at_fault(what):
        attacks = one_each(
            what, channel.render(writings, renderer), len(writings), Attack, NoneType
        )
    return [
        _signed(channel, attack, writing) for attack, writing in zip(attacks, writings, strict=True)
    ]


def _signed(channel: PackChannel, attack: Attack | None, writing: Writing) -> Attack:
    attack = attack or Attack(query="", invalid=Invalid.BAD_IMAGE)
    image = attack.image if channel.draws else writing.scenario.image
    signature = {"channel": channel.name, "frame": writing.style, "image": image}
    return attack.model_copy(update=signature)


def scripted(channel: PackChannel, scenario: Scenario, style: str, seed: int = 0) -> Writing:
    """What the channel's script writes; equal arguments give an equal writing.

    Raises:
        PartError: The script failed.
    """
    rng = generator("script", channel.name, style, scenario.id, str(seed))
    with at_fault(f"the channel {channel.name}"):
        return Writing(channel.script(scenario, style, rng), scenario, style)


def _writing(channel: PackChannel, scenario: Scenario, completion: str) -> Writing | Invalid:
    with at_fault(f"the channel {channel.name}"):
        slots = channel.read(completion)
        if slots is None:
            return Invalid.UNPARSABLE
        if too_long(slots, channel.slots):
            return Invalid.OFF_BUDGET
        if _is_copy(channel, slots, scenario):
            return Invalid.OFF_BEHAVIOR
        style = channel.style_of(slots, scenario)
    return Invalid.UNKNOWN_FRAME if style is None else Writing(slots, scenario, style)


def _is_copy(channel: PackChannel, slots: Slots, scenario: Scenario) -> bool:
    """Whether slots are those of a worked example that asks for something else."""
    filled, behavior = _plain(slots), _plain({"": scenario.behavior})
    return any(
        filled == _plain(example) and behavior != _plain({"": harmless.behavior})
        for harmless, example in channel.examples()
    )


def _plain(slots: Slots) -> dict[str, str]:
    """Slots without what a copy may change: case, blanks and the end of a sentence."""
    return {name: " ".join(text.casefold().split()).rstrip(".!?") for name, text in slots.items()}
