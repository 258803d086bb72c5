"""Pass-through: the scenario's own image, whatever the attacker wrote."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.game.picture import Picture
from sectow_env.game.renderer import Drawing


class SeedImage:
    """The renderer `sectow/seed_image`: the attacker works on the query alone."""

    id = "sectow/seed_image"
    version = "1"
    max_words = 64
    legible = False

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture | None]:
        """The seed image of each scenario, or None."""
        return [drawing.scenario.image for drawing in drawings]
