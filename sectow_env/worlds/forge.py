"""From a completion to an attack: the grammar, the channels and the renderer put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sectow_env.game import Attack, Invalid, Scenario
from sectow_env.grammar import FreeForm, Slots, parse
from sectow_env.images.typography import MAX_WORDS, draw_words

if TYPE_CHECKING:
    # The Apothecary imports this module.
    from sectow_env.worlds.apothecary.channels.base import Channel


def forge(scenario: Scenario, completion: str, channels: Mapping[str, Channel]) -> Attack:
    """Parse a completion and render it; what cannot be rendered is marked invalid, never raised.

    A scenario with a channel wants that channel's slots; one without wants the free form.
    """
    attack = _render(scenario, completion, channels)
    return attack.model_copy(update={"source": completion})


def _render(scenario: Scenario, completion: str, channels: Mapping[str, Channel]) -> Attack:
    parsed = parse(completion)
    if scenario.channel is None:
        if not isinstance(parsed, FreeForm):
            return _invalid(scenario, Invalid.UNPARSABLE)
        return _free(scenario, parsed)
    if not isinstance(parsed, Slots):
        return _invalid(scenario, Invalid.UNPARSABLE)
    channel = channels[scenario.channel]
    frame = channel.frame(parsed.frame)
    if frame is None:
        return _invalid(scenario, Invalid.UNKNOWN_FRAME)
    if frame.held_out:
        return _invalid(scenario, Invalid.HELD_OUT_FRAME)
    return channel.render(frame, parsed.name, salt=scenario.id)


def _free(scenario: Scenario, parsed: FreeForm) -> Attack:
    if len(parsed.image) > MAX_WORDS:
        return _invalid(scenario, Invalid.OFF_BUDGET)
    picture = draw_words(parsed.image, salt=scenario.id) if parsed.image else None
    return Attack(
        query=parsed.query,
        image=picture,
        drawn=" ".join(parsed.image) if parsed.image else None,
    )


def _invalid(scenario: Scenario, reason: Invalid) -> Attack:
    return Attack(query="", channel=scenario.channel, invalid=reason)
