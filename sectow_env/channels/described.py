"""The base of channels whose picture is found or made by words, and is not itself text."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import ClassVar

import numpy as np

from sectow_env.channels.base import PackChannel, Writing
from sectow_env.channels.pages import request_within, shortened
from sectow_env.channels.slots import Slots
from sectow_env.errors import one_each
from sectow_env.game.picture import Picture
from sectow_env.game.records import Attack, Invalid, Scenario
from sectow_env.game.renderer import Drawing, Renderer

LONGEST = 300
"""Characters of a description and of the query beside it."""


class DescribedChannel(PackChannel):
    """The attacker describes a picture and writes the query beside it."""

    draws = True
    described: ClassVar[str] = "{}"
    """How a script describes the picture of a behavior."""

    def pictures_by(self, writings: Sequence[Writing], renderer: Renderer) -> list[Attack | None]:
        """The attacks with the pictures that a renderer makes, all in one call."""
        drawings = [Drawing(tuple(slots["picture"].split()), at) for slots, at, _ in writings]
        short = [drawing for drawing in drawings if len(drawing.words) <= renderer.max_words]
        what = f"the renderer {renderer.id}"
        drawn = renderer.draw(short) if short else []
        pictures = iter(one_each(what, drawn, len(short), Picture, NoneType))
        attacks: list[Attack | None] = []
        for drawing, writing in zip(drawings, writings, strict=True):
            if len(drawing.words) > renderer.max_words:
                attacks.append(Attack(query="", invalid=Invalid.OFF_BUDGET))
                continue
            picture = next(pictures)
            attacks.append(
                None if picture is None else Attack(query=writing.slots["query"], image=picture)
            )
        return attacks

    def script(self, scenario: Scenario, style: str, rng: np.random.Generator) -> Slots:
        """A picture about the behavior, and the request as it is."""
        del style, rng
        return {
            "picture": shortened(self.described.format(scenario.behavior), LONGEST),
            "query": request_within(scenario, LONGEST),
        }
