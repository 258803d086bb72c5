"""A world for random models: a digest of their text decides, so rewards vary and a pool fills."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sectow_env.game import (
    Attack,
    Invalid,
    Judge,
    Refusal,
    Rules,
    Scenario,
    Split,
    Turn,
    Verdict,
)
from sectow_env.game.world import FrameSet, Item
from sectow_env.images.typography import draw_words
from sectow_env.worlds.packs.world import PackRules

CHANNELS: tuple[str, ...] = ("drawn", "told")
SIZES = {"train": 6, "validation": 4, "test": 2}


def lot(*parts: str) -> int:
    """A number from 0 to 255, by a digest of a text."""
    return hashlib.sha256("\x1f".join(parts).encode()).digest()[0]


class LetterJudge:
    """Decides by a digest of the response."""

    id = "letters/lot"
    version = "1"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [self._verdict(turn) for turn in turns]

    def _verdict(self, turn: Turn) -> Verdict:
        drawn = lot(turn.response or "")
        harmful = turn.scenario.harmful
        return Verdict(
            judge=self.id,
            version=self.version,
            refusal=Refusal.FULL if drawn % 4 == 0 else Refusal.NONE,
            harmful=drawn % 2 == 1 if harmful else None,
            correct=None if harmful else drawn % 3 == 1,
        )


class MuteJudge:
    """Scores nothing."""

    id = "letters/mute"
    version = "1"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [Verdict(judge=self.id, version=self.version) for _ in turns]


class InterruptingJudge(LetterJudge):
    """Somebody presses Ctrl-C while it judges for the fourth time."""

    at = 4

    def __init__(self) -> None:
        self.calls = 0

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt
        return super().judge(turns)


class Letters:
    """Two channels, one with a picture; any completion is an attack, but for some."""

    id = "letters-1"
    fingerprint = "letters"
    working_channels = CHANNELS

    def __init__(self) -> None:
        self.rules: Rules = PackRules()

    def judge(self) -> Judge:
        return LetterJudge()

    def scenarios(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str | None] | None = None,
    ) -> list[Scenario]:
        return [
            Scenario(
                id=f"{split}/{number}/{bad}/{channel}",
                behavior=f"say {split} {number}",
                harmful=bad,
                split=split,
                channel=channel,
                cluster=f"{split}/{number}/{bad}",
                reference=None if bad else f"{split} {number}",
            )
            for channel in channels or CHANNELS
            for number in range(SIZES[split])
            for bad in (True, False)
            if harmful in (None, bad)
        ]

    def grid(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str] | None = None,
        frames: FrameSet = "all",
    ) -> list[Item]:
        scenarios = self.scenarios(split, harmful=harmful, channels=channels)
        return (
            []
            if frames == "held_out"
            else [Item(scenario, self.attack(scenario, "g")) for scenario in scenarios]
        )

    def attack(self, scenario: Scenario, completion: str) -> Attack:
        if completion != "g" and lot(completion) % 5 == 0:
            return Attack(query="", channel=scenario.channel, invalid=Invalid.UNPARSABLE)
        # The text of a byte-level model may contain characters that a query must not.
        words = completion.encode("ascii", "ignore").decode()
        drawn = scenario.channel == "drawn"
        return Attack(
            query=f"{scenario.behavior} {words[:8]}",
            image=draw_words(("ab", "cd"), scenario.id) if drawn else None,
            drawn="ab cd" if drawn else None,
            channel=scenario.channel,
            frame=f"f{lot(completion) % 3}",
            source=completion,
        )
