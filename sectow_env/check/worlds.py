"""Checks of worlds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from pydantic import ValidationError

from sectow_env.check import batches, judges
from sectow_env.check.compare import as_text, differences, fresh, shown
from sectow_env.check.fault import Fault, Skip, blamed
from sectow_env.check.judges import judge_subject
from sectow_env.check.material import scenarios_of, some_items
from sectow_env.check.process import Process
from sectow_env.check.randomness import touched_by
from sectow_env.check.runner import checks_in, name_of
from sectow_env.check.texts import odd_completions
from sectow_env.errors import SectowError
from sectow_env.game import SPLITS, Attack, Scenario, Split, play
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.game.world import (
    DefaultPolicies,
    FrameSet,
    Item,
    World,
    clusters_in_two_splits,
)
from sectow_env.resolve.parts import find_attacker, find_defender

RANDOM_COMPLETIONS = 40
LABELS = (True, False)
"""Harmful and benign."""
SAMPLED = 50
"""Grid items of a split that go through JSON."""


@dataclass(frozen=True)
class WorldSubject:
    """A world under check.

    Attributes:
        who: How findings name it.
        world: The world itself.
        build: Builds it again; None if it was given as an object.
        seed: Seed of all draws.
        process: The process before the first call.
    """

    who: str
    world: World
    build: Callable[[], World] | None
    seed: int
    process: Process = field(default_factory=Process)

    @cached_property
    def scenarios(self) -> list[Scenario]:
        """All scenarios on the working channels, of all splits."""
        with blamed(self.who):
            channels = self.world.working_channels
            return [
                scenario for s in SPLITS for scenario in self.world.scenarios(s, channels=channels)
            ]

    @cached_property
    def grids(self) -> dict[Split, list[Item]]:
        """The whole grid of each split."""
        with blamed(self.who):
            return {split: list(self.world.grid(split)) for split in SPLITS}

    @cached_property
    def one_channel(self) -> list[str] | None:
        """One channel, if the world names any: enough to see whether a grid is split right."""
        return [channel for channel in self.world.working_channels if channel is not None][
            :1
        ] or None

    def part_of_the_grid(
        self, split: Split, frames: FrameSet, harmful: bool | None = None
    ) -> list[Item]:
        """The grid of one channel."""
        with blamed(self.who):
            return self.world.grid(split, harmful=harmful, channels=self.one_channel, frames=frames)

    @cached_property
    def trained(self) -> dict[Split, list[list[Item]]]:
        """The grid of one channel and trained frames, harmful items apart from benign ones."""
        return {
            split: [self.part_of_the_grid(split, "trained", harmful) for harmful in LABELS]
            for split in SPLITS
        }

    def attack(self, scenario: Scenario, completion: str) -> Attack:
        """The attack that the world parses from a completion."""
        with blamed(f"{self.who} on the completion {shown(completion)!r}"):
            return self.world.attack(fresh(scenario), completion)

    def samples(self) -> list[Scenario]:
        """A scenario on each working channel, and a free one if there are any."""
        scenarios = []
        for channel in dict.fromkeys([*self.world.working_channels, None]):
            try:
                scenarios.append(scenarios_of(self.world, self.seed, [channel])[0])
            except (Skip, SectowError):
                continue
        return scenarios


def fingerprint_stable(subject: WorldSubject) -> Iterator[str]:
    """Two builds have the same id and fingerprint."""
    if subject.build is None:
        raise Skip("the world was given as an object, so it cannot be built again")
    with blamed(subject.who):
        rebuilt = subject.build()
        pairs = [(world.id, world.fingerprint) for world in (subject.world, rebuilt)]
    for what, first, second in zip(("id", "fingerprint"), *pairs, strict=True):
        if not isinstance(first, str) or not first:
            yield f"its {what} is {first!r}, not a non-empty text"
        if first != second:
            yield f"{what} {first} in one build, {second} in another"


def scenarios_repeatable(subject: WorldSubject) -> Iterator[str]:
    """A second call of `scenarios` gives the same ones in the same order."""
    with blamed(subject.who):
        channels = subject.world.working_channels
        again = [
            scenario for s in SPLITS for scenario in subject.world.scenarios(s, channels=channels)
        ]
    yield from differences(subject.scenarios, again, "scenario", ("at first", "again"))


def ids_unique(subject: WorldSubject) -> Iterator[str]:
    """No two scenarios have the same id."""
    if not subject.scenarios:
        yield "there are no scenarios on the working channels"
    for name, count in Counter(scenario.id for scenario in subject.scenarios).items():
        if count > 1:
            yield f"{count} scenarios have the id {name!r}"


def splits_disjoint(subject: WorldSubject) -> Iterator[str]:
    """No cluster of dependent scenarios is in two splits."""
    for cluster, splits in clusters_in_two_splits(subject.scenarios).items():
        yield f"the cluster {cluster!r} is in {' and '.join(splits)}"


def scenarios_as_asked(subject: WorldSubject) -> Iterator[str]:
    """Scenarios have the requested split, label and channels."""
    world = subject.world
    channels = list(world.working_channels)
    for split in SPLITS:
        for harmful in (True, False, None):
            for requested in (channels, *([channel] for channel in channels)):
                with blamed(subject.who):
                    scenarios = world.scenarios(split, harmful=harmful, channels=requested)
                for scenario in scenarios:
                    if scenario.split != split:
                        yield f"{scenario.id} has the split {scenario.split}, not {split}"
                    if harmful not in (None, scenario.harmful):
                        yield f"{scenario.id} has harmful={scenario.harmful}, not {harmful}"
                    if scenario.channel not in requested:
                        yield f"{scenario.id} is on {scenario.channel!r}, not on {requested}"


def grid_in_its_split(subject: WorldSubject) -> Iterator[str]:
    """The items of a grid have the requested split, label and channel."""
    for split, items in subject.grids.items():
        for item in items:
            if item.scenario.split != split:
                yield f"{item.scenario.id} has the split {item.scenario.split}, not {split}"
        for harmful, part in zip(LABELS, subject.trained[split], strict=True):
            for item in part:
                if item.scenario.harmful is not harmful:
                    yield f"{item.scenario.id} is in the grid with harmful={harmful}"
                if subject.one_channel and item.scenario.channel not in subject.one_channel:
                    yield f"{item.scenario.id} is in the grid of {subject.one_channel[0]}"


def grid_parted(subject: WorldSubject) -> Iterator[str]:
    """Trained and held-out frames together make the whole grid, as do harmful and benign items."""
    for split, items in subject.grids.items():
        whole = Counter(
            _cell(item)
            for item in items
            if not subject.one_channel or item.scenario.channel in subject.one_channel
        )
        # A union, not a sum: mixed-up labels are found by the check above.
        harmful, benign = (Counter(map(_cell, part)) for part in subject.trained[split])
        trained = harmful | benign
        held_out = Counter(map(_cell, subject.part_of_the_grid(split, "held_out")))
        if trained + held_out != whole:
            sizes = [sum(part.values()) for part in (trained, held_out, whole)]
            yield f"{split}: {sizes[0]} items trained, {sizes[1]} held out, {sizes[2]} in all"


def grid_counts(subject: WorldSubject) -> Iterator[str]:
    """Every attack of the grid is valid by the world's own rules."""
    if not any(subject.grids.values()):
        yield "the grid is empty in every split"
    for item in chain.from_iterable(subject.grids.values()):
        with blamed(subject.who):
            reason = item.attack.invalid or subject.world.rules.inspect(*item)
        if reason is not None:
            yield f"{item.scenario.id} with {shown(item.attack.query)!r}: {reason}"


def completions_never_raise(subject: WorldSubject) -> Iterator[str]:
    """Any completion becomes an attack, invalid at worst, and never raises."""
    for scenario in subject.samples():
        for completion in odd_completions(scenario, RANDOM_COMPLETIONS, subject.seed):
            try:
                attack = subject.attack(scenario, completion)
            except Fault as fault:
                yield str(fault)
                continue
            if not isinstance(attack, Attack):
                yield f"{shown(completion)!r} becomes {type(attack).__name__}, not an Attack"


def completions_repeatable(subject: WorldSubject) -> Iterator[str]:
    """The same completion becomes the same attack, which survives a round trip through JSON."""
    for scenario in subject.samples():
        for completion in odd_completions(scenario, RANDOM_COMPLETIONS, subject.seed):
            try:
                first, second = (subject.attack(scenario, completion) for _ in "ab")
            except Fault:
                # Found by the check above.
                continue
            if first != second:
                yield f"{shown(completion)!r} becomes another attack when it is parsed again"
            elif isinstance(first, Attack) and not _survives(first):
                yield f"{shown(completion)!r} becomes an attack that does not survive JSON"


def json_round_trip(subject: WorldSubject) -> Iterator[str]:
    """Scenarios and the attacks of the grid survive a round trip through JSON."""
    rng = random.Random(subject.seed)
    attacks = [
        item.attack
        for items in subject.grids.values()
        for item in rng.sample(items, min(SAMPLED, len(items)))
    ]
    records: list[Scenario | Attack] = [*subject.scenarios, *attacks]
    for record in records:
        if not _survives(record):
            yield f"it changes in a round trip through JSON: {shown(record)}"


def judge_keeps_the_rules(subject: WorldSubject) -> Iterator[str]:
    """The world's own judge passes every check of judges."""
    with blamed(subject.who):
        judge = subject.world.judge()
    items = some_items(list(chain.from_iterable(subject.grids.values())), subject.seed)
    name = f"of {subject.world.id}"
    judged = judge_subject(name, judge, subject.world, subject.seed, items)
    for check in checks_in(batches, judges):
        try:
            for finding in check(judged):
                yield f"{name_of(check)}: {finding}"
        except Skip:
            continue
        except Fault as fault:
            yield f"{name_of(check)}: {fault}"


def house_policies_play(subject: WorldSubject) -> Iterator[str]:
    """The default policies of a world play in it, and some episode is scored."""
    world = subject.world
    if not isinstance(world, DefaultPolicies):
        raise Skip("the world names no default policies")
    scenarios = scenarios_of(world, subject.seed)
    with blamed(f"a default policy of {subject.who}"):
        attacks = find_attacker(None, world).attack(scenarios)
        defender = find_defender(None, world)
        episodes = play(scenarios, attacks, defender, world.judge(), world.rules, TugOfWarReward())
    if not any(verdict.scored for episode in episodes for verdict in episode.verdicts):
        yield f"none of {len(episodes)} episodes is scored"


def global_random_untouched(subject: WorldSubject) -> Iterator[str]:
    """Building and calling it leave the global random state as it was."""
    with blamed(subject.who):
        for name in touched_by(lambda: _build_and_call(subject)):
            yield f"it draws from or seeds {name}; own a generator instead"


def inputs_unchanged(subject: WorldSubject) -> Iterator[str]:
    """Parsing a completion and inspecting an attack change neither scenario nor attack."""
    for scenario in map(fresh, subject.samples()):
        before = as_text(scenario)
        with blamed(subject.who):
            completion = f"image : none ; query : {scenario.behavior}"
            attack = fresh(subject.world.attack(scenario, completion))
            parsed = as_text(attack)
            subject.world.rules.inspect(scenario, attack)
        names = ("before the calls", "after them")
        for what, was, now in (("scenario", before, scenario), ("attack", parsed, attack)):
            yield from differences([was], [as_text(now)], what, names)


def process_unchanged(subject: WorldSubject) -> Iterator[str]:
    """Building and calling it leave the process as it was: environment, folder, numpy, torch."""
    with blamed(subject.who):
        for name in subject.process.changed_by(lambda: _build_and_call(subject)):
            yield f"it changes {name}"


def _build_and_call(subject: WorldSubject) -> None:
    world = subject.world
    if subject.build is not None:
        subject.build()
    world.scenarios("train", channels=world.working_channels)
    subject.part_of_the_grid("test", "held_out")
    for scenario in subject.samples():
        world.attack(fresh(scenario), f"image : none ; query : {scenario.behavior}")


def _cell(item: Item) -> Sequence[str | None]:
    return item.scenario.id, item.attack.channel, item.attack.frame, item.attack.query


def _survives(record: Scenario | Attack) -> bool:
    try:
        return type(record).model_validate_json(record.model_dump_json()) == record
    except (ValidationError, ValueError):
        return False
