"""Pass-through: the scenario's own image, whatever words the attacker wrote."""

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

    def draw(self, wanted: Sequence[Drawing]) -> list[Picture | None]:
        """The seed image of each scenario, None where it has none."""
        return [one.scenario.image for one in wanted]
