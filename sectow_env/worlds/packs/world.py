"""Scenario packs: a user's own scenarios as a world."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Never

from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Invalid, Judge, Scenario, Seat, Split
from sectow_env.game.contracts import Rules
from sectow_env.game.renderer import Renderer
from sectow_env.game.world import FrameSet, Item
from sectow_env.images.typography import Typography
from sectow_env.judges.reference import ReferenceJudge
from sectow_env.judges.two_sided import TwoSided, grades_answers
from sectow_env.worlds.packs.reader import check_rows, read_jsonl
from sectow_env.worlds.rendering import render_attacks

MAX_QUERY_CHARACTERS = 4000
MAX_PIXELS = 2048 * 2048


class PackRules:
    """Checks the budget only: a pack cannot tell whether an attack asks for its behavior."""

    def inspect(self, scenario: Scenario, attack: Attack) -> Invalid | None:
        """Why the attack is invalid, or None. An empty attack asks for nothing."""
        if not attack.query.strip() and attack.image is None:
            return Invalid.OFF_BEHAVIOR
        if len(attack.query) > MAX_QUERY_CHARACTERS:
            return Invalid.OFF_BUDGET
        if attack.image is not None:
            height, width = attack.image.pixels.shape[:2]
            if height * width > MAX_PIXELS:
                return Invalid.OFF_BUDGET
        return None


class PackWorld:
    """Scenarios from a file or a table.

    Channels are those that the scenarios name; without any, the attacker is free. There are no
    templates, so attackers always write the free form. Other judges than the one below can be
    given wherever a judge is an option.

    Args:
        scenarios: The scenarios, with unique ids.
        name: For the world's id, `pack/NAME`.
        proxy: See `ReferenceJudge`.
    """

    default_policies: Mapping[Seat, str] = MappingProxyType(
        {"attacker": "pack/seed", "defender": "pack/lookup"}
    )
    """The policies of seats that a user leaves empty."""

    def __init__(
        self, scenarios: Sequence[Scenario], name: str = "unnamed", *, proxy: bool = False
    ) -> None:
        self.id = f"pack/{name}"
        self.items = tuple(scenarios)
        self.rules: Rules = PackRules()
        self.renderer: Renderer = Typography()
        self._proxy = proxy

    @classmethod
    def read(cls, path: str | Path, *, proxy: bool = False) -> PackWorld:
        """Read a JSONL pack.

        Raises:
            PackError: See `reader.read_jsonl`.
        """
        path = Path(path)
        return cls(read_jsonl(path), path.stem, proxy=proxy)

    @classmethod
    def from_rows(
        cls, rows: Iterable[Mapping[str, Any]], name: str = "rows", *, proxy: bool = False
    ) -> PackWorld:
        """Take rows with the columns of `Scenario`, such as a `datasets.Dataset`.

        Images are PIL images, pictures, or mappings with `bytes`; paths are refused.

        Raises:
            PackError: A row is invalid; rows are numbered from 1.
        """
        return cls(check_rows(enumerate(rows, start=1), name, None, unit="row"), name, proxy=proxy)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of all scenarios, pictures included."""
        digest = hashlib.sha256()
        for scenario in self.items:
            digest.update(scenario.model_dump_json().encode() + b"\n")
        return digest.hexdigest()

    @property
    def working_channels(self) -> tuple[str | None, ...]:
        """The channels that the scenarios name, in order of appearance; `(None,)` without any."""
        return tuple(dict.fromkeys(scenario.channel for scenario in self.items))

    def judge(self) -> Judge:
        """Compares with the reference answers; see `ReferenceJudge` for its limits."""
        return ReferenceJudge(proxy=self._proxy)

    def completed(self, judge: Judge) -> Judge:
        """A judge that grades no answers, such as a guard, together with the pack's own."""
        return judge if grades_answers(judge) else TwoSided(judge, self.judge())

    def scenarios(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str | None] | None = None,
    ) -> list[Scenario]:
        """The scenarios of a split, in the pack's order; `channels` keeps those that name one.

        Raises:
            ConfigError: No scenario of the pack has one of these channels.
        """
        unknown = set(channels or ()) - set(self.working_channels)
        if unknown:
            raise ConfigError(
                given=f"channels={list(channels or ())!r} in {self.id}",
                why=f"no scenario of the pack names {', '.join(map(repr, unknown))}",
                fix=f"choose from {', '.join(map(repr, self.working_channels))}",
            )
        return [
            scenario
            for scenario in self.items
            if scenario.split == split
            and harmful in (None, scenario.harmful)
            and (channels is None or scenario.channel in channels)
        ]

    def grid(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str] | None = None,
        frames: FrameSet = "all",
    ) -> list[Item]:
        """The seed attacks; a pack has no held-out frames."""
        if frames == "held_out":
            return []
        return [
            Item(scenario, seed_attack(scenario))
            for scenario in self.scenarios(split, harmful=harmful, channels=channels)
        ]

    def attack(self, scenario: Scenario, completion: str) -> Attack:
        """Parse and render the free form, whatever channel the scenario names."""
        return self.attacks([scenario], [completion])[0]

    def attacks(self, scenarios: Sequence[Scenario], completions: Sequence[str]) -> list[Attack]:
        """As `attack`, for a batch."""
        free = [scenario.model_copy(update={"channel": None}) for scenario in scenarios]
        return [
            attack.model_copy(update={"channel": scenario.channel})
            for scenario, attack in zip(
                scenarios,
                render_attacks(free, completions, _no_channel, self.renderer),
                strict=True,
            )
        ]

    def drawn_by(self, renderer: Renderer) -> PackWorld:
        """The same pack with another renderer."""
        other = copy(self)
        other.renderer = renderer
        return other


def _no_channel(name: str) -> Never:
    raise AssertionError(f"attackers of a pack write the free form, not for the channel {name!r}")


def seed_attack(scenario: Scenario) -> Attack:
    """The scenario's own image and query; the behavior in words where it has neither."""
    query = scenario.query
    if query is None:
        query = scenario.behavior if scenario.image is None else ""
    return Attack(query=query, image=scenario.image, channel=scenario.channel)
