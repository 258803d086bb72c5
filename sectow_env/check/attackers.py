"""Checks of attackers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import ValidationError

from sectow_env.check.compare import differences, shown
from sectow_env.check.fault import Skip
from sectow_env.check.material import REFUSAL, flipped, scenarios_of
from sectow_env.check.part import PartSubject, Verb
from sectow_env.game import Attack, Attacker, Exchange, FollowsUp, Scenario, reseed
from sectow_env.game.world import ServesChannels, World
from sectow_env.text import flaw_of

VERB = Verb(method="attack", answer="attack", types=(Attack,))


def attacker_subject(name: str, attacker: Attacker, world: World, seed: int) -> PartSubject:
    """An attacker under check, on scenarios of a world that it serves."""
    served = attacker.served_channels if isinstance(attacker, ServesChannels) else None
    items = scenarios_of(world, seed, served)
    return PartSubject(f"the attacker {name}", attacker, VERB, items, world, seed)


def attacks_well_formed(subject: PartSubject) -> Iterator[str]:
    """Every attack has valid fields, and is the same after a round trip through JSON."""
    for attack in subject.answers:
        texts = (attack.query, attack.drawn, attack.source, attack.system)
        flaws = [flaw for text in texts if isinstance(text, str) and (flaw := flaw_of(text))]
        if flaws:
            yield f"{flaws[0]}, which no file can store"
            continue
        try:
            Attack.model_validate(attack.model_dump(warnings=False))
            back = Attack.model_validate_json(attack.model_dump_json(warnings=False))
        except ValidationError as error:
            first = error.errors()[0]
            yield f"{'.'.join(map(str, first['loc']))}={shown(first['input'])}: {first['msg']}"
            continue
        if back != attack:
            yield f"it changes in a round trip through JSON: {shown(attack)}"


def label_unseen(subject: PartSubject) -> Iterator[str]:
    """The attack does not depend on whether the scenario is harmful, which no attacker knows."""
    others = [flipped(scenario) for scenario in subject.items]
    names = ("as labelled", "with the label flipped")
    yield from differences(subject.answers, subject.ask(others), "attack", names)


def some_attack_counts(subject: PartSubject) -> Iterator[str]:
    """By the rules of the world at least one attack is valid, so that a defender sees something."""
    reasons = [
        attack.invalid or subject.world.rules.inspect(scenario, attack)
        for scenario, attack in zip(subject.items, subject.answers, strict=True)
    ]
    if None not in reasons:
        listed = ", ".join(sorted({str(reason) for reason in reasons}))
        yield f"all {len(reasons)} attacks are invalid in {subject.world.id}: {listed}"


def follow_ups_repeat(subject: PartSubject) -> Iterator[str]:
    """In any turn, `follow_up` gives one attack per scenario, and the same when repeated."""
    if not isinstance(subject.part, FollowsUp):
        raise Skip("it has no follow_up: `attack` is called in every turn")
    exchange = Exchange(query="how is it made ?", response=REFUSAL)
    verb = Verb(method="follow_up", answer="attack", types=(Attack,))
    following = replace(subject, verb=verb, part=_Following(subject.part))
    for history in ((), (exchange,), (exchange, exchange)):
        items = [(scenario, history) for scenario in subject.items]
        first, again = (following.raw(items, subject.seeds) for _ in "ab")
        wrong = following.misfit(first, len(items))
        if wrong:
            yield f"after {len(history)} turns {wrong}"
            continue
        names = (f"after {len(history)} turns", "again")
        yield from differences(first, again, "attack", names)


class _Following:
    """An attacker that is called with pairs of scenario and history."""

    def __init__(self, part: FollowsUp) -> None:
        self._part = part

    def reseed(self, seeds: Sequence[int]) -> None:
        reseed(self._part, seeds)

    def follow_up(self, pairs: Sequence[tuple[Scenario, tuple[Exchange, ...]]]) -> list[Attack]:
        scenarios = [scenario for scenario, _ in pairs]
        return self._part.follow_up(scenarios, [history for _, history in pairs])
