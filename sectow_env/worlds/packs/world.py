"""Scenario packs: a user's own scenarios as a world."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Never

from sectow_env.channels import PackChannel, Writing, channel_names, find_channel, find_label
from sectow_env.channels.play import read_and_render, render, scripted
from sectow_env.errors import ConfigError, at_fault
from sectow_env.game import Attack, Invalid, Judge, Scenario, Seat, Split
from sectow_env.game.contracts import Rules
from sectow_env.game.messages import Message
from sectow_env.game.renderer import Renderer
from sectow_env.game.world import FrameSet, Item
from sectow_env.images.drawing import generator
from sectow_env.images.typography import Typography
from sectow_env.judges.reference import ReferenceJudge
from sectow_env.judges.two_sided import TwoSided, grades_answers
from sectow_env.registry.spec import SEPARATOR
from sectow_env.worlds.packs.reader import check_rows, read_jsonl
from sectow_env.worlds.rendering import render_attacks

MAX_QUERY_CHARACTERS = 4000
MAX_PIXELS = 2048 * 2048
MAX_SCRIPTED = 600
"""Scripts of channels in one grid: pictures of 512 pixels a side take about 0.5 GB."""


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

    A scenario that names no channel can be attacked through any registered channel for packs; each
    channel gets a copy of it, `ID@CHANNEL`. Other labels in the column `channel` only stratify, and
    attackers write the free form for them. Other judges than the one below can be given wherever a
    judge is an option.

    Args:
        scenarios: The scenarios, with unique ids.
        name: For the world's id, `pack/NAME`.
        proxy: See `ReferenceJudge`.
        scripted: Scripts of channels in a grid of one split and label, at most.
    """

    default_policies: Mapping[Seat, str] = MappingProxyType(
        {"attacker": "pack/seed", "defender": "pack/lookup"}
    )
    """The policies of seats that a user leaves empty."""

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        name: str = "unnamed",
        *,
        proxy: bool = False,
        scripted: int = MAX_SCRIPTED,
    ) -> None:
        self.id = f"pack/{name}"
        self.items = tuple(scenarios)
        self.rules: Rules = PackRules()
        self.renderer: Renderer = Typography()
        self.channels: tuple[str, ...] = ()
        """The channels for packs in use; see `attacked_through`."""
        self.scripted = scripted
        self._proxy = proxy
        self._ids = frozenset(scenario.id for scenario in self.items)
        self._labels = tuple(dict.fromkeys(scenario.channel for scenario in self.items))

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        proxy: bool = False,
        channels: str | Sequence[str] = (),
        scripted: int = MAX_SCRIPTED,
    ) -> PackWorld:
        """Read a JSONL pack.

        Args:
            path: The file.
            proxy: See `ReferenceJudge`.
            channels: Those for packs that are in use, as a list or separated by commas.
            scripted: Scripts of channels in a grid of one split and label, at most.

        Raises:
            PackError: See `reader.read_jsonl`.
            ConfigError: A channel does not exist, or `scripted` is not a number from 1 on.
        """
        path = Path(path)
        # In a name of a world it may be a number, or nothing.
        names = channels if isinstance(channels, tuple | list) else str(channels).split(",")
        if isinstance(scripted, bool) or not isinstance(scripted, int) or scripted < 1:
            raise ConfigError(
                given=f"scripted={scripted!r} for the pack {path}",
                why="it is the number of scripts of channels in a grid, at most",
                fix="give a whole number from 1 on",
            )
        world = cls(read_jsonl(path), path.stem, proxy=proxy, scripted=scripted)
        return world.attacked_through(tuple(names))

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
        """Digest of all scenarios, pictures included, and of what channels in use add to them."""
        digest = hashlib.sha256()
        for scenario in self.items:
            digest.update(scenario.model_dump_json().encode() + b"\n")
        for channel in map(find_channel, self.channels):
            name = channel.name.partition(SEPARATOR)[0]
            digest.update(f"{name} {channel.version} {self.scripted}\n".encode())
        return digest.hexdigest()

    @property
    def working_channels(self) -> tuple[str | None, ...]:
        """The channels in use and those that the scenarios name; `(None,)` without any."""
        if not self.channels:
            return self._labels
        named = (label for label in self._labels if label not in (None, *self.channels))
        return (*self.channels, *named)

    def attacked_through(self, channels: Sequence[str | None]) -> PackWorld:
        """The same pack, with those of the given channels in use that are channels for packs.

        Scenarios, grid and benign twins are those of the channels in use, unless others are asked
        for.

        Raises:
            ConfigError: A channel does not exist.
        """
        self._check_channels(channels)
        other = copy(self)
        vars(other).pop("fingerprint", None)
        other.channels = tuple(
            name for name in dict.fromkeys(channels) if name is not None and self.channel(name)
        )
        return other

    def channel(self, name: str | None) -> PackChannel | None:
        """The channel for packs with this name or spec; None for a mere label.

        What a file says is a bare name or a label: only a caller can give a channel settings.
        """
        if name is None or SEPARATOR not in name:
            return find_label(name)
        return None if name in self._labels else find_channel(name)

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
        """The scenarios of a split, in the pack's order.

        Args:
            split: Which split.
            harmful: Only those with this label.
            channels: Keeps the scenarios that name one of these; a channel for packs that no
                scenario names, or that is in use, also gets a copy of each scenario without one.
                Default: the working channels.

        Raises:
            ConfigError: Neither a scenario nor a registered channel has one of these names.
        """
        names = self.working_channels if channels is None else tuple(dict.fromkeys(channels))
        self._check_channels(names)
        labels = set(self._labels) - set(self.channels)
        through = [name for name in names if name not in labels and name and self.channel(name)]
        chosen = []
        for item in self.items:
            if item.split != split or harmful not in (None, item.harmful):
                continue
            if item.channel in names:
                chosen.append(item)
            if item.channel is None:
                chosen += [attacked_through(item, name) for name in through]
        return chosen

    def grid(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str] | None = None,
        frames: FrameSet = "all",
    ) -> list[Item]:
        """The seed attacks, and what the scripts of channels for packs write, in a style drawn.

        A pack has no held-out frames. Channels without benign twins script harmful scenarios only.
        Of more than `scripted` scripts, so many are drawn: pictures take time and memory.
        """
        if frames == "held_out":
            return []
        every = (*self._labels, *self.channels)
        names: Sequence[str | None] = every if channels is None else channels
        plays: list[Item | Writing] = []
        for scenario in self.scenarios(split, harmful=harmful, channels=names):
            channel = self.channel(scenario.channel)
            if channel is None or self._has_seed(scenario):
                plays.append(Item(scenario, seed_attack(scenario)))
            elif scenario.harmful or channel.twins:
                plays.append(scripted(channel, scenario, channel.drawn_style(scenario)))
        plays = self._some(plays)
        writings = [play for play in plays if isinstance(play, Writing)]
        rendered = iter(self._rendered(writings))
        return [
            Item(play.scenario, next(rendered)) if isinstance(play, Writing) else play
            for play in plays
        ]

    def scripts(self, scenarios: Sequence[Scenario], seeds: Sequence[int]) -> list[Attack]:
        """What scripts play: the channel's where a scenario has one, its seed attack elsewhere.

        A channel's script has a `source`: a text policy that writes it plays the same attack.

        Args:
            scenarios: One attack each.
            seeds: One each; they draw the style, where an attacker can choose it, and the wording.
        """
        completions: dict[int, str] = {}
        for index, (scenario, seed) in enumerate(zip(scenarios, seeds, strict=True)):
            channel = self.channel(scenario.channel)
            if channel is not None and not self._has_seed(scenario):
                style = channel.styles[seed % len(channel.styles)]
                completions[index] = channel.write(scripted(channel, scenario, style, seed).slots)
        through = [scenarios[index] for index in completions]
        made = self.attacks(through, list(completions.values()))
        played = dict(zip(completions, made, strict=True))
        return [
            played.get(index) or seed_attack(scenario) for index, scenario in enumerate(scenarios)
        ]

    def attack(self, scenario: Scenario, completion: str) -> Attack:
        """Parse and render what the scenario's channel takes; the free form for a mere label."""
        return self.attacks([scenario], [completion])[0]

    def attacks(self, scenarios: Sequence[Scenario], completions: Sequence[str]) -> list[Attack]:
        """As `attack`, for a batch; each channel renders its part in one call."""
        attacks: dict[int, Attack] = {}
        for name, indices in _by_channel([scenario.channel for scenario in scenarios]).items():
            channel = self.channel(name)
            part = [scenarios[index] for index in indices]
            texts = [completions[index] for index in indices]
            if channel is not None:
                made = read_and_render(channel, part, texts, self.renderer)
            else:
                made = self._free(name, part, texts)
            attacks.update(zip(indices, made, strict=True))
        return [attacks[index] for index in range(len(scenarios))]

    def request(self, scenario: Scenario) -> tuple[Message, ...] | None:
        """How an attacker is asked to attack a scenario through its channel."""
        channel = self.channel(scenario.channel)
        if channel is None:
            return None
        with at_fault(f"the channel {channel.name}"):
            return channel.request(scenario)

    def schema(self, scenario: Scenario) -> Mapping[str, object] | None:
        """JSON schema of what an attacker writes for a scenario's channel."""
        channel = self.channel(scenario.channel)
        return None if channel is None else channel.schema()

    def _free(
        self, label: str | None, scenarios: Sequence[Scenario], completions: Sequence[str]
    ) -> list[Attack]:
        free = [scenario.model_copy(update={"channel": None}) for scenario in scenarios]
        rendered = render_attacks(free, completions, _no_channel, self.renderer)
        return [attack.model_copy(update={"channel": label}) for attack in rendered]

    def _rendered(self, writings: Sequence[Writing]) -> list[Attack]:
        """What channels make of writings, in order; each channel renders its part in one call."""
        attacks: dict[int, Attack] = {}
        for name, indices in _by_channel([each.scenario.channel for each in writings]).items():
            channel = self.channel(name)
            assert channel is not None, "only a channel for packs has scripts"
            made = render(channel, [writings[index] for index in indices], self.renderer)
            attacks.update(zip(indices, made, strict=True))
        return [attacks[index] for index in range(len(writings))]

    def _some(self, plays: Sequence[Item | Writing]) -> list[Item | Writing]:
        """All seed attacks, and at most `scripted` scripts, in order."""
        places = [index for index, play in enumerate(plays) if isinstance(play, Writing)]
        dropped = generator("grid", self.id).permutation(places)[self.scripted :].tolist()
        left_out = set(dropped)
        return [play for index, play in enumerate(plays) if index not in left_out]

    def _has_seed(self, scenario: Scenario) -> bool:
        """Whether the pack itself says what is played: a row with a channel, and words for it."""
        seeded = scenario.query is not None or scenario.image is not None
        return seeded and scenario.id in self._ids

    def _check_channels(self, channels: Sequence[str | None]) -> None:
        known = {*self._labels, *channel_names()}
        missing = [name for name in channels if name not in known and SEPARATOR not in str(name)]
        if missing:
            raise ConfigError(
                given=f"channels={list(channels)!r} in {self.id}",
                why=f"no scenario of the pack names {', '.join(map(repr, missing))}, and no "
                "channel for packs has that name",
                fix=f"choose from {', '.join(map(repr, [*self._labels, *channel_names()]))}",
            )
        for name in channels:
            if name is not None and name not in self._labels:
                find_channel(name)

    def drawn_by(self, renderer: Renderer) -> PackWorld:
        """The same pack with another renderer."""
        other = copy(self)
        other.renderer = renderer
        return other


def attacked_through(scenario: Scenario, channel: str) -> Scenario:
    """A scenario's copy for a channel; the copies are not independent of each other."""
    return scenario.model_copy(
        update={
            "id": f"{scenario.id}@{channel}",
            "channel": channel,
            "cluster": scenario.cluster or scenario.id,
        }
    )


def _by_channel(channels: Sequence[str | None]) -> dict[str | None, list[int]]:
    places: dict[str | None, list[int]] = {}
    for index, channel in enumerate(channels):
        places.setdefault(channel, []).append(index)
    return places


def _no_channel(name: str) -> Never:
    raise AssertionError(f"attackers of a pack write the free form, not for the channel {name!r}")


def seed_attack(scenario: Scenario) -> Attack:
    """The scenario's own image and query; the behavior in words where it has neither."""
    query = scenario.query
    if query is None:
        query = scenario.behavior if scenario.image is None else ""
    return Attack(query=query, image=scenario.image, channel=scenario.channel)
