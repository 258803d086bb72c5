"""From completions to attacks, by grammar, channels and renderer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import NoneType
from typing import TYPE_CHECKING

from sectow_env.errors import at_fault, one_each
from sectow_env.game import Attack, Invalid, Scenario
from sectow_env.game.picture import Picture
from sectow_env.game.renderer import Drawing, Renderer
from sectow_env.worlds.grammar import FreeForm, Slots, parse

if TYPE_CHECKING:
    # The Apothecary imports this module.
    from sectow_env.worlds.apothecary.channels.base import Channel
    from sectow_env.worlds.apothecary.frames import Frame


def render_attacks(
    scenarios: Sequence[Scenario],
    completions: Sequence[str],
    channel: Callable[[str], Channel],
    renderer: Renderer,
) -> list[Attack]:
    """Parse completions and render them; what cannot be rendered becomes an invalid attack.

    A scenario with a channel needs that channel's slots, one without needs the free form. The
    pictures of all free forms are drawn in one call.

    Raises:
        PartError: The renderer or a channel failed, or returned something invalid.
    """
    attacks: list[Attack] = []
    waiting: dict[int, Drawing] = {}
    for index, (scenario, completion) in enumerate(zip(scenarios, completions, strict=True)):
        parsed = parse(completion)
        attack = _render(scenario, parsed, channel, renderer)
        if isinstance(parsed, FreeForm) and parsed.image and attack.invalid is None:
            waiting[index] = Drawing(parsed.image, scenario)
        attacks.append(attack.model_copy(update={"source": completion}))
    if waiting:
        what = f"the renderer {renderer.id}"
        with at_fault(what):
            drawings = renderer.draw(list(waiting.values()))
            pictures = one_each(what, drawings, len(waiting), Picture, NoneType)
        for (index, drawing), picture in zip(waiting.items(), pictures, strict=True):
            drawn = " ".join(drawing.words) if renderer.legible else None
            rendered = {"image": picture, "drawn": drawn}
            failed = {"query": "", "invalid": Invalid.BAD_IMAGE}
            attacks[index] = attacks[index].model_copy(update=rendered if picture else failed)
    return attacks


def render_frame(channel: Channel, frame: Frame, words: tuple[str, ...], jitter_key: str) -> Attack:
    """The attack that a channel renders from a frame; `jitter_key` changes only the picture.

    Raises:
        PartError: The channel failed, or returned something invalid.
    """
    what = f"the channel {channel.name}"
    with at_fault(what):
        return one_each(what, [channel.render(frame, words, jitter_key=jitter_key)], 1, Attack)[0]


def _render(
    scenario: Scenario,
    parsed: Slots | FreeForm | None,
    find: Callable[[str], Channel],
    renderer: Renderer,
) -> Attack:
    if not isinstance(parsed, FreeForm if scenario.channel is None else Slots):
        return _invalid(scenario, Invalid.UNPARSABLE)
    if isinstance(parsed, FreeForm):
        off_budget = len(parsed.image) > renderer.max_words
        return _invalid(scenario, Invalid.OFF_BUDGET) if off_budget else Attack(query=parsed.query)
    assert isinstance(parsed, Slots), "either a free form or slots"
    assert scenario.channel is not None, "slots need a channel"
    with at_fault(f"the channel {scenario.channel}"):
        channel = find(scenario.channel)
        frame = channel.frame(parsed.frame)
    if frame is None:
        return _invalid(scenario, Invalid.UNKNOWN_FRAME)
    if frame.held_out:
        return _invalid(scenario, Invalid.HELD_OUT_FRAME)
    return render_frame(channel, frame, parsed.name, jitter_key=scenario.id)


def _invalid(scenario: Scenario, reason: Invalid) -> Attack:
    return Attack(query="", channel=scenario.channel, invalid=reason)
