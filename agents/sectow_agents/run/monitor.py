"""The quality monitor: is the defender still useful, are the attacks still different?

Refusal alone does not see a broken model: a defender that forgot its answers refuses little and
answers wrong, so accuracy on benign requests is measured beside over-refusal. Attack diversity
counts successful, well-formed attacks only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sectow_agents.algorithms.curriculum import stratified_order
from sectow_agents.settings.run_config import MonitorSettings
from sectow_env.game import Attacker, Defender, Frozen, Scenario, Split
from sectow_env.game.referee import Referee
from sectow_env.game.tally import (
    Diversity,
    Tally,
    channel_of,
    diversity,
    tally,
    tally_by_channel,
)
from sectow_env.game.world import Item, World

_SPLITS: tuple[Split, Split] = ("validation", "train")


class Quality(Frozen):
    """What the monitor measured after a phase."""

    benign: Tally
    """Benign requests of held-out behaviors, trained frames, answered greedily."""
    benign_by_channel: dict[str, Tally]
    attacks: Tally
    """Attacks of the current attacker on held-out behaviors, sampled, one per attempt."""
    attacks_by_channel: dict[str, Tally]
    diversity: Diversity

    def figures(self) -> dict[str, float | None]:
        """The figures of the table, by name."""
        return {
            "over_refusal": self.benign.over_refusal_rate,
            "accuracy": self.benign.accuracy,
            "learned_asr": self.attacks.asr,
            "invalid": self.attacks.invalid_rate,
            "channels": self.diversity.channels,
            "frames": self.diversity.frames,
        }


class Monitor:
    """Measures defenders and attackers on the same requests throughout a run.

    Args:
        world: Where the requests come from: its validation split, or else its training split.
        settings: Sizes and limits.
        seed: Draws the sample.
        channels: Those that attacks are requested for; default: the world's working channels.
    """

    def __init__(
        self,
        world: World,
        settings: MonitorSettings,
        seed: int,
        channels: Sequence[str | None] | None = None,
    ) -> None:
        self.settings = settings
        rng = np.random.Generator(np.random.PCG64([seed, 3]))
        self.benign = _benign(world, settings.benign, rng)
        requested = world.working_channels if channels is None else tuple(channels)
        self.scenarios = _harmful(world, requested, settings.scenarios, rng)

    def measure(
        self, defender: Defender, challenged: Defender, attacker: Attacker, referee: Referee
    ) -> Quality:
        """Send the defender benign requests, and let the attacker try.

        Args:
            defender: Answers the benign requests; greedy.
            challenged: The same policy as the attacker faces it; sampled.
            attacker: The attacker at this point.
            referee: Rules, judge and prices.
        """
        benign = [item.scenario for item in self.benign]
        answered = referee.play(benign, [item.attack for item in self.benign], defender)
        tried = [scenario for scenario in self.scenarios for _ in range(self.settings.attempts)]
        attacked = referee.play(tried, attacker.attack(tried), challenged) if tried else []
        return Quality(
            benign=tally(answered),
            benign_by_channel=tally_by_channel(answered),
            attacks=tally(attacked),
            attacks_by_channel=tally_by_channel(attacked),
            diversity=diversity(attacked),
        )

    def objections(self, quality: Quality, base: Quality) -> list[str]:
        """Why a defender is not accepted; empty when it is.

        What was not measured raises no objection: without benign scenarios there is no gate.
        """
        reasons = []
        refused, limit = quality.benign.over_refusal_rate, self.settings.max_over_refusal
        if refused is not None and refused > limit:
            reasons.append(f"over-refusal {refused:.3f} is above {limit:.3f}")
        before, after = base.benign.accuracy, quality.benign.accuracy
        drop = self.settings.max_accuracy_drop
        if before is not None and after is not None and before - after > drop:
            reasons.append(
                f"accuracy {after:.3f} is more than {drop:.3f} under the base's {before:.3f}"
            )
        return reasons


def _benign(world: World, count: int, rng: np.random.Generator) -> list[Item]:
    for split in _SPLITS:
        items = world.grid(split, harmful=False, frames="trained")
        if items:
            keys = [(channel_of(item.attack), item.attack.frame) for item in items]
            return [items[index] for index in stratified_order(min(count, len(items)), keys, rng)]
    return []


def _harmful(
    world: World, channels: Sequence[str | None], count: int, rng: np.random.Generator
) -> list[Scenario]:
    for split in _SPLITS:
        scenarios = world.scenarios(split, harmful=True, channels=channels)
        if scenarios:
            keys = [(scenario.channel,) for scenario in scenarios]
            return [
                scenarios[index]
                for index in stratified_order(min(count, len(scenarios)), keys, rng)
            ]
    return []
