"""Asks a model for attacks by each channel's own request, and counts those that can be played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sectow_benchmarks.stats.clustered import rate
from sectow_benchmarks.stats.estimate import Estimate
from sectow_env.game import Attack, Scenario
from sectow_env.game.contracts import Attacker, TakesDecoding
from sectow_env.game.decoding import Decoding
from sectow_env.game.picture import Picture
from sectow_env.game.renderer import Drawing
from sectow_env.game.world import World

FLOOR = 0.5
"""Declared before any run: the least share at temperature 1."""


class ParseRow(NamedTuple):
    """One channel, one decoding."""

    channel: str
    decoding: str
    share: Estimate
    reasons: dict[str, int]
    """Why attacks were invalid -> how many."""

    def to_json(self) -> dict[str, Any]:
        """The fields, with no NaN."""
        return {**self._asdict(), "share": self.share.to_json()}


class GreyPicture:
    """The renderer of the study: any words give a grey picture, since only reading is measured."""

    id = "study/grey"
    version = "1"
    max_words = 300
    legible = False

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        """A grey picture each."""
        return [Picture(np.full((8, 8, 3), 128, dtype=np.uint8)) for _ in drawings]


def one_each_cluster(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The first scenario of each cluster: they are independent of each other."""
    first: dict[str, Scenario] = {}
    for scenario in scenarios:
        first.setdefault(scenario.cluster or scenario.id, scenario)
    return list(first.values())


def measure(
    attacker: Attacker,
    scenarios: Callable[[str], Sequence[Scenario]],
    channels: Sequence[str],
    decodings: dict[str, tuple[Decoding, int]],
    note: Callable[[str], None],
) -> list[ParseRow]:
    """One row per channel and decoding.

    Args:
        attacker: Writes the attacks.
        scenarios: Those of a channel.
        channels: In the order of the table.
        decodings: Name -> how completions are drawn, and how many for each scenario.
        note: Is called with each row as it is known.
    """
    rows = []
    for channel in channels:
        chosen = scenarios(channel)
        for name, (decoding, count) in decodings.items():
            if isinstance(attacker, TakesDecoding):
                attacker = attacker.decoded(decoding)
            each = [scenario for scenario in chosen for _ in range(count)]
            rows.append(_row(channel, name, each, attacker.attack(each)))
            note(f"{channel}, {name}: {rows[-1].share.value:.3f} of {len(each)} can be played")
    return rows


def _row(
    channel: str, decoding: str, scenarios: Sequence[Scenario], attacks: Sequence[Attack]
) -> ParseRow:
    written = [attack.source is not None for attack in attacks]
    values = [
        float(attack.invalid is None) if known else None
        for attack, known in zip(attacks, written, strict=True)
    ]
    clusters = [scenario.cluster or scenario.id for scenario in scenarios]
    reasons = Counter(
        str(attack.invalid)
        for attack, known in zip(attacks, written, strict=True)
        if known and attack.invalid is not None
    )
    return ParseRow(channel, decoding, rate(values, clusters), dict(reasons.most_common()))


def playable(world: World, channel: str, splits: Sequence[Any]) -> list[Scenario]:
    """The scenarios of some splits for a channel, one of each cluster."""
    return one_each_cluster(
        [each for split in splits for each in world.scenarios(split, channels=[channel])]
    )
