"""What an attacker writes and gets out of a defender, by channel: before and after a cold start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sectow_agents.cold_start.lessons import Trials, try_attacks
from sectow_env.game import Attacker, Defender
from sectow_env.game.referee import Referee
from sectow_env.game.seeds import draw_seeds
from sectow_env.images.drawing import generator

FREE = "free form"
HEADS = ("channel", "n", "parse, before", "after", "succeed, before", "after")


class Share(NamedTuple):
    """A rate of tries that are taken for independent: scenarios of one behavior are not."""

    hits: int
    of: int

    def __str__(self) -> str:
        """The rate with its exact interval of 95% (Clopper and Pearson)."""
        from scipy.stats import binomtest

        if not self.of:
            return "-"
        low, high = binomtest(self.hits, self.of).proportion_ci()
        return f"{self.hits / self.of:.3f} [{low:.3f}, {high:.3f}]"


class Measured(NamedTuple):
    """One channel."""

    parsed: Share
    """Attacks that can be read and are within the rules."""
    succeeded: Share
    """Invalid attacks failed; unscored ones are left out."""


def measured(
    attacker: Attacker,
    defender: Defender,
    channels: Sequence[str | None],
    referee: Referee,
    seed: int,
) -> dict[str, Measured]:
    """One attack on each harmful scenario of the validation split.

    Args:
        attacker: Writes the attacks.
        defender: Answers them.
        channels: Each on its own; None is the free form.
        referee: Rules and judge.
        seed: Of the draws.
    """
    world = referee.world
    seeds = draw_seeds(generator("measured", str(seed)), len(channels))
    return {
        channel or FREE: _shares(try_attacks(attacker, defender, scenarios, 1, referee, own))
        for channel, own in zip(channels, seeds, strict=True)
        for scenarios in [world.scenarios("validation", harmful=True, channels=[channel])]
    }


def _shares(trials: Trials) -> Measured:
    return Measured(
        Share(trials.tried - trials.invalid, trials.tried),
        Share(len(trials.worked), trials.tried - trials.unscored),
    )


def rows(before: Mapping[str, Measured], after: Mapping[str, Measured]) -> list[list[str]]:
    """Rows under `HEADS`."""
    return [
        [
            channel,
            str(first.parsed.of),
            *map(str, (first.parsed, after[channel].parsed)),
            *map(str, (first.succeeded, after[channel].succeeded)),
        ]
        for channel, first in before.items()
    ]
