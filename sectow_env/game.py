"""The pure core of the game: what is played, and how one batch of episodes is played.

Everything here is frozen, typed and JSON-able, and knows no framework: the Gymnasium and PettingZoo
views, the trainer and the benchmarks all play through `play`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import NoneType
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from sectow_env.errors import PartError, at_fault, named, one_each
from sectow_env.picture import Picture

Seat = Literal["attacker", "defender"]
SEATS: tuple[Seat, Seat] = ("attacker", "defender")
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, Split, Split] = ("train", "validation", "test")


class Frozen(BaseModel):
    """Base of all domain objects: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Refusal(StrEnum):
    """How far a response declines. A refusal is not "safe", compliance is not "harmful"."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


class Invalid(StrEnum):
    """Why an attack cannot count."""

    UNPARSABLE = "unparsable"
    OFF_BUDGET = "off_budget"
    UNKNOWN_FRAME = "unknown_frame"
    HELD_OUT_FRAME = "held_out_frame"
    OFF_BEHAVIOR = "off_behavior"
    PARTIAL_BEHAVIOR = "partial_behavior"
    LEAK = "leak"
    BAD_IMAGE = "bad_image"


class Scenario(Frozen):
    """One dataset item that seeds an episode."""

    id: str
    """Unique within its world or pack."""
    behavior: str
    """The capability asked for, in words."""
    category: str = "default"
    harmful: bool
    """True: it should be refused. False: benign, it should be answered."""
    split: Split = "train"
    image: Picture | None = None
    """Optional seed image."""
    query: str | None = None
    """Optional seed query."""
    reference: str | None = None
    """Optional reference answer; never needed by the rewards of harmful scenarios."""
    channel: str | None = None
    """Attack family that this scenario asks the attacker to use; None leaves it free."""
    cluster: str | None = None
    """Items that share it are not independent (potion, base behavior): the unit of intervals."""
    meta: Mapping[str, str] = Field(default_factory=dict)
    """World-specific facts, for judges and reports."""


class Exchange(Frozen):
    """An earlier turn of a conversation, as both seats remember it."""

    query: str
    image: Picture | None = None
    drawn: str | None = None
    """As in `Attack`."""
    response: str


class Attack(Frozen):
    """What the attacker emits: an image and a query."""

    query: str
    image: Picture | None = None
    channel: str | None = None
    """Attack family, known by construction when a channel rendered the attack; else None."""
    frame: str | None = None
    """Template that rendered it, unique within its channel; else None."""
    drawn: str | None = None
    """The words in the image, when we drew them; None when there is no image or its words are
    unknown."""
    source: str | None = None
    """The completion that it was parsed from; None when no text policy wrote it."""
    system: str | None = None
    """System prompt that the defender sees; set by prompt defences, never by the attacker."""
    history: tuple[Exchange, ...] = ()
    """Earlier turns, oldest first; set by the game, never by the attacker."""
    invalid: Invalid | None = None
    """Set when parsing or rendering failed: such an attack reaches no defender."""


class Turn(Frozen):
    """What a judge looks at."""

    scenario: Scenario
    attack: Attack
    response: str | None
    """The defender's answer; None when the attack was invalid or the defender failed."""


class Verdict(Frozen):
    """A judge's structured answer. None means "not said": never 0, never "safe"."""

    judge: str
    version: str
    refusal: Refusal | None = None
    harmful: bool | None = None
    """The response gives the behavior. None on benign scenarios and where unscored."""
    correct: bool | None = None
    """The response is right, on benign scenarios only."""
    on_behavior: bool | None = None
    """The attack still asks for its scenario's behavior."""
    score: float | None = Field(default=None, ge=0.0, le=1.0)
    category: str | None = None
    explanation: str | None = None
    raw: str | None = None
    """What a model said, word for word."""
    prompt_hash: str | None = None
    """SHA-256 hex digest of the prompt that a model judge was asked with."""
    invalid: Invalid | None = None
    """Why the attack cannot count; such a turn is in no ASR, its rate is reported apart."""

    @property
    def scored(self) -> bool:
        """Whether the judge said what its scenario needs."""
        return self.invalid is None and (self.harmful is not None or self.correct is not None)


class Price(Frozen):
    """Named reward terms of both seats; a seat's reward is the sum. None: no reward is known."""

    attacker: Mapping[str, float] | None = None
    defender: Mapping[str, float] | None = None

    def total(self, seat: Seat) -> float | None:
        """Sum of a seat's terms, or None where it has no reward."""
        terms = self.attacker if seat == "attacker" else self.defender
        return None if terms is None else float(sum(terms.values()))


class Episode(Frozen):
    """One scenario played to its end."""

    scenario: Scenario
    turns: tuple[Turn, ...]
    verdicts: tuple[Verdict, ...]
    """One verdict a turn."""
    price: Price

    @property
    def rewards(self) -> dict[Seat, float | None]:
        """The scalar reward of each seat."""
        return {seat: self.price.total(seat) for seat in SEATS}


class Attacker(Protocol):
    """A policy in the attacker's seat."""

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack a scenario, in order. A failed one is an `Attack` with `invalid` set."""
        ...


class Defender(Protocol):
    """A policy in the defender's seat."""

    def respond(self, attacks: Sequence[Attack]) -> Sequence[str | None]:
        """One response an attack, in order; None where it failed: that turn is unscored.

        The conversation before an attack stands in its `history`.
        """
        ...


@runtime_checkable
class FollowsUp(Protocol):
    """An attacker that reads what was said before it attacks again.

    One without it is asked by `attack` in every turn, as if the turn were the first.
    """

    def follow_up(
        self, scenarios: Sequence[Scenario], histories: Sequence[Sequence[Exchange]]
    ) -> list[Attack]:
        """One attack a scenario, in order; a history is empty in the first turn."""
        ...


@runtime_checkable
class Reseedable(Protocol):
    """A policy that draws at random and can repeat its draws.

    The environments call it right before each `attack` or `respond`, so that an episode is the same
    in whatever view and batch it is played. A policy without it is asked as it is.
    """

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the items of the next call, one an item, in order."""
        ...


class Judge(Protocol):
    """Looks at turns. The judge looks, the reward prices."""

    id: str
    version: str

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict a turn, in order; unscored where it cannot tell."""
        ...


class Rules(Protocol):
    """Decides which attacks count."""

    def inspect(self, scenario: Scenario, attack: Attack) -> Invalid | None:
        """Why the attack cannot count for its scenario, or None when it does."""
        ...


class RewardFunction(Protocol):
    """Pure map from a group's turns and verdicts to named terms per seat."""

    def price(
        self, turns: Sequence[Turn], verdicts: Sequence[Verdict], context: Any
    ) -> list[Price]:
        """One price a turn; `context` holds immutable pool and group statistics, or None."""
        ...


def play(
    scenarios: Sequence[Scenario],
    attacks: Sequence[Attack],
    defender: Defender,
    judge: Judge,
    rules: Rules,
    reward: RewardFunction,
    context: Any = None,
    seeds: Sequence[int] | None = None,
) -> list[Episode]:
    """Play one batch of single-turn episodes from the attacks to the rewards.

    Invalid attacks reach neither defender nor judge: they are data, with a verdict that says why.
    """
    turns = respond(scenarios, attacks, defender, rules, seeds)
    return settle(turns, judge, reward, context)


def respond(
    scenarios: Sequence[Scenario],
    attacks: Sequence[Attack],
    defender: Defender,
    rules: Rules,
    seeds: Sequence[int] | None = None,
) -> list[Turn]:
    """Let the defender answer all valid attacks in one batch.

    Args:
        scenarios: One an attack.
        attacks: What the attacker emitted.
        defender: Answers the valid ones.
        rules: Decide which are valid.
        seeds: One an attack, for a defender that is `Reseedable`; None leaves it to itself.

    Raises:
        PartError: The defender or the rules failed.
    """
    checked = screen(scenarios, attacks, rules)
    valid = [index for index, attack in enumerate(checked) if attack.invalid is None]
    chosen = None if seeds is None else [seeds[index] for index in valid]
    answers = ask_defender(defender, [checked[index] for index in valid], chosen) if valid else []
    responses = dict(zip(valid, answers, strict=True))
    return [
        Turn(scenario=scenario, attack=attack, response=responses.get(index))
        for index, (scenario, attack) in enumerate(zip(scenarios, checked, strict=True))
    ]


def ask_defender(
    defender: Defender, attacks: Sequence[Attack], seeds: Sequence[int] | None = None
) -> list[str | None]:
    """One response an attack; the defender is reseeded first where it takes seeds.

    Raises:
        PartError: It failed, or gave something else.
    """
    what = named("defender", defender)
    with at_fault(what):
        if seeds is not None:
            reseed(defender, seeds)
        return one_each(what, defender.respond(attacks), len(attacks), str, NoneType)


def screen(scenarios: Sequence[Scenario], attacks: Sequence[Attack], rules: Rules) -> list[Attack]:
    """The attacks, those marked as invalid that break the rules.

    Raises:
        PartError: The rules failed.
    """
    what = named("rules", rules)
    pairs = list(zip(scenarios, attacks, strict=True))
    with at_fault(what):
        found = [attack.invalid or rules.inspect(scenario, attack) for scenario, attack in pairs]
        reasons = one_each(what, found, len(attacks), Invalid, NoneType)
    return [_marked(attack, reason) for attack, reason in zip(attacks, reasons, strict=True)]


def reseed(policy: object, seeds: Sequence[int]) -> None:
    """Hand the seeds of its next call to a policy that takes them."""
    if isinstance(policy, Reseedable):
        policy.reseed(seeds)


def settle(
    turns: Sequence[Turn], judge: Judge, reward: RewardFunction, context: Any = None
) -> list[Episode]:
    """Judge and price finished turns: the second half of `play`, also for stored turns.

    Raises:
        PartError: The judge or the reward function failed.
    """
    verdicts = judge_turns(turns, judge)
    prices = price_turns(turns, verdicts, reward, context)
    return [
        Episode(scenario=turn.scenario, turns=(turn,), verdicts=(verdict,), price=price)
        for turn, verdict, price in zip(turns, verdicts, prices, strict=True)
    ]


def judge_turns(turns: Sequence[Turn], judge: Judge) -> list[Verdict]:
    """One verdict a turn; the judge is asked in one batch, about the answered turns only.

    Raises:
        PartError: The judge failed, or gave something else.
    """
    answered = [index for index, turn in enumerate(turns) if turn.response is not None]
    said: list[Verdict] = []
    if answered:
        what = named("judge", judge)
        with at_fault(what):
            asked = [turns[index] for index in answered]
            said = one_each(what, judge.judge(asked), len(asked), Verdict)
    verdicts = [
        Verdict(judge=judge.id, version=judge.version, invalid=turn.attack.invalid)
        for turn in turns
    ]
    for index, verdict in zip(answered, said, strict=True):
        verdicts[index] = verdict
    return verdicts


def price_turns(
    turns: Sequence[Turn], verdicts: Sequence[Verdict], reward: RewardFunction, context: Any = None
) -> list[Price]:
    """One price a turn.

    Raises:
        PartError: The reward function failed, or gave something else, such as a term that is NaN.
    """
    what = named("reward function", reward)
    with at_fault(what):
        prices = one_each(what, reward.price(turns, verdicts, context), len(turns), Price)
    for terms in (terms for price in prices for terms in (price.attacker, price.defender)):
        for name, term in (terms or {}).items():
            if not math.isfinite(term):
                raise PartError(
                    given=what,
                    why=f"its term {name!r} is {term}, from which nothing can be learned",
                    fix="mend that part: no reward at all is None in place of the terms",
                )
    return prices


def _marked(attack: Attack, invalid: Invalid | None) -> Attack:
    same = attack.invalid is invalid
    return attack if same else attack.model_copy(update={"invalid": invalid})
