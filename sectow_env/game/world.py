"""What every world offers: the Apothecary, a scenario pack, or somebody's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, Self, runtime_checkable

from sectow_env.errors import at_fault, named, one_each
from sectow_env.game.contracts import Judge, Rules
from sectow_env.game.messages import Message
from sectow_env.game.records import Attack, Scenario, Seat, Split
from sectow_env.game.renderer import Renderer

FrameSet = Literal["trained", "held_out", "all"]


class Item(NamedTuple):
    """A fixed attack on a scenario: one cell of a world's grid."""

    scenario: Scenario
    attack: Attack


class World(Protocol):
    """A source of scenarios, with the rules, the channels and the judge that belong to them."""

    id: str
    """Name and version, for provenance."""

    @property
    def fingerprint(self) -> str:
        """Digest of all content that decides an episode."""

    @property
    def rules(self) -> Rules:
        """Which attacks count."""

    @property
    def working_channels(self) -> tuple[str | None, ...]:
        """Channels that attacker phases are stratified by; `(None,)` leaves the attacker free."""

    def judge(self) -> Judge:
        """The judge that knows this world best."""

    def scenarios(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str | None] | None = None,
    ) -> list[Scenario]:
        """What an attacker is asked: one scenario a behavior and channel."""

    def grid(
        self,
        split: Split,
        *,
        harmful: bool | None = None,
        channels: Sequence[str] | None = None,
        frames: FrameSet = "all",
    ) -> list[Item]:
        """Fixed attacks; with `harmful=False` the benign ones that a defender must answer."""

    def attack(self, scenario: Scenario, completion: str) -> Attack:
        """Parse and render what a text policy wrote; a bad completion is an invalid attack."""


@runtime_checkable
class ReadsBatches(Protocol):
    """A world that renders many completions at once."""

    def attacks(self, scenarios: Sequence[Scenario], completions: Sequence[str]) -> list[Attack]:
        """As many calls of `attack`, in one."""


@runtime_checkable
class CompletesJudges(Protocol):
    """A world of scenarios that a single judge seldom grades on both sides."""

    def completed(self, judge: Judge) -> Judge:
        """The judge; one that grades no answers to benign requests with a judge that does."""


@runtime_checkable
class TakesRenderer(Protocol):
    """A world whose free-form attacks can be drawn by another renderer."""

    def drawn_by(self, renderer: Renderer) -> Self:
        """The same world with this renderer."""


@runtime_checkable
class TakesChannels(Protocol):
    """A world whose scenarios can be attacked through channels that are not its own."""

    def attacked_through(self, channels: Sequence[str | None]) -> Self:
        """The same world with these channels in use, for scenarios and benign twins."""


@runtime_checkable
class AsksAttackers(Protocol):
    """A world that says itself how an attacker is asked, and what it must write."""

    def request(self, scenario: Scenario) -> tuple[Message, ...] | None:
        """The conversation that ends with the request, worked examples first; None: no own one."""

    def schema(self, scenario: Scenario) -> Mapping[str, object] | None:
        """JSON schema of what must be written, for servers that can enforce one."""


@dataclass(frozen=True)
class AttackFacts:
    """What a world knows of an attack beyond the attack itself; empty where it draws no such line.

    Reports cut their rates by these.
    """

    channel_set: str = ""
    """`trained` or `unseen`: whether RL phases may use its channel."""
    frame_set: str = ""
    """`trained` or `held_out`: whether RL phases may use its frame."""
    weakness: str = ""
    """`open` or `guarded`: whether the base model was built to be weak on its frame."""


@dataclass(frozen=True)
class WorldFacts:
    """What a world says of itself, for measuring and reporting."""

    fictional: bool = False
    """Whether its harmful content is invented, so that reports may show it."""
    oracle: str | None = None
    """Spec of a scripted attacker that knows where the base model is weak: the ceiling."""
    suite: str | None = None
    """Registered suite of its items, where it has one of its own."""
    channels: tuple[str, ...] = ()
    """Its own channels, in the order of tables."""


@runtime_checkable
class KnowsFacts(Protocol):
    """A world that says more of itself and of its attacks."""

    facts: WorldFacts

    def facts_of(self, attack: Attack) -> AttackFacts:
        """What it knows of an attack."""


def world_facts(world: World) -> WorldFacts:
    """What a world says of itself; the defaults where it says nothing."""
    return world.facts if isinstance(world, KnowsFacts) else WorldFacts()


def attack_facts(world: World, attack: Attack) -> AttackFacts:
    """What a world knows of an attack; the defaults where it says nothing."""
    return world.facts_of(attack) if isinstance(world, KnowsFacts) else AttackFacts()


@runtime_checkable
class AsksGeneralQuestions(Protocol):
    """A world that also has general questions: benign scenarios with their own image and query."""

    def general(
        self, split: Split, kinds: Iterable[str], per_kind: int, seed: int = 0
    ) -> list[Scenario]:
        """`per_kind` scenarios of each kind."""


def clusters_in_two_splits(scenarios: Iterable[Scenario]) -> dict[str, tuple[str, ...]]:
    """Clusters of dependent scenarios that are in more than one split, with these splits."""
    splits_of: dict[str, set[str]] = {}
    for scenario in scenarios:
        if scenario.cluster is not None:
            splits_of.setdefault(scenario.cluster, set()).add(scenario.split)
    return {
        cluster: tuple(sorted(splits)) for cluster, splits in splits_of.items() if len(splits) > 1
    }


def attacks_of(
    world: World, scenarios: Sequence[Scenario], completions: Sequence[str]
) -> list[Attack]:
    """Parse and render what a text policy wrote, in one call where the world can.

    Raises:
        PartError: The world failed, or gave something else.
    """
    what = named("world", world)
    with at_fault(what):
        if isinstance(world, ReadsBatches):
            attacks = world.attacks(scenarios, completions)
        else:
            attacks = list(map(world.attack, scenarios, completions))
        return one_each(what, attacks, len(scenarios), Attack)


@runtime_checkable
class DefaultPolicies(Protocol):
    """A world that names scripted policies for the seats that a user leaves empty."""

    default_policies: Mapping[Seat, str]
    """Registered name of the policy of each seat."""


@runtime_checkable
class ServesChannels(Protocol):
    """An attacker that plays some channels only; environments draw their scenarios from these."""

    served_channels: tuple[str | None, ...]
