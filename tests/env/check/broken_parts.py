"""Judges and policies that fail one check each, by the name of the check."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from sectow_env.game import Attack, Exchange, Invalid, Scenario, Turn, Verdict
from sectow_env.judges.reference import ReferenceJudge
from sectow_env.worlds.packs.world import seed_attack


class Asker:
    """A sound attacker that draws at random."""

    def __init__(self) -> None:
        self._seeds: list[int] = []

    def reseed(self, seeds: Sequence[int]) -> None:
        self._seeds = list(seeds)

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        return [self.attack_for(*pair) for pair in zip(scenarios, self._seeds, strict=True)]

    def attack_for(self, scenario: Scenario, seed: int) -> Attack:
        attack = seed_attack(scenario)
        query = f"{attack.query} {random.Random(seed).random()}"
        return attack.model_copy(update={"query": query})


class Echo:
    """A sound defender that draws at random."""

    def __init__(self) -> None:
        self._seeds: list[int] = []

    def reseed(self, seeds: Sequence[int]) -> None:
        self._seeds = list(seeds)

    def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
        return [self.response_to(*pair) for pair in zip(attacks, self._seeds, strict=True)]

    def response_to(self, attack: Attack, seed: int) -> str | None:
        return f"{attack.query[:20]} {random.Random(seed).random()}"


class Variant:
    """A variant of a sound part, which does the work."""

    last: Any = None
    times = 0

    def __init__(self, part: Any, method: str, field: str | None) -> None:
        self._part, self._method, self._field = part, method, field

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)

    def sound(self, items: Any) -> Any:
        return getattr(self._part, self._method)(items)

    def changed(self, items: Any) -> Any:
        """The sound answers with an extra word in each."""
        if self._field is None:
            return [f"{answer} changed" for answer in self.sound(items)]
        return [answer.model_copy(update={self._field: "changed"}) for answer in self.sound(items)]


def short(part: Variant, items: Any) -> Any:
    return part.sound(items)[:-1] if len(items) > 1 else part.sound(items)


def needs_one(part: Variant, items: Any) -> Any:
    assert items[0]
    return part.sound(items)


def tires(part: Variant, items: Any) -> Any:
    part.times = part.times + 1 if part.last == items else 1
    part.last = items
    return part.changed(items) if part.times > 2 else part.sound(items)


def shy(part: Variant, items: Any) -> Any:
    return part.changed(items) if len(items) == 1 else part.sound(items)


def draws(part: Variant, items: Any) -> Any:
    random.random()
    return part.sound(items)


def ordered(part: Variant, items: Any) -> Any:
    if len(items) > 1 and part.last is None:
        part.last = items[::-1]
    return part.changed(items) if items == part.last else part.sound(items)


def peeks(part: Variant, items: Any) -> Any:
    peeked = random.getstate() == random.Random(2).getstate()
    return part.changed(items) if peeked else part.sound(items)


def writes(part: Variant, items: Any) -> Any:
    first = items[0] if items else None
    scenario = getattr(first, "scenario", first)
    if isinstance(scenario, Scenario):
        scenario.meta["seen"] = "yes"  # type: ignore[index]  # it is a dictionary, and that is it
    elif first is not None and first.image is not None:
        first.image.pixels.setflags(write=True)
        first.image.pixels[0, 0] += 1
    return part.sound(items)


def moves_in(part: Variant, items: Any) -> Any:
    os.environ["SECTOW_TEST_MUTANT"] = "1"
    return part.sound(items)


CHANGES = {
    "one_answer_an_item": short,
    "empty_batch": needs_one,
    "repeatable": tires,
    "batch_equals_single": shy,
    "global_random_untouched": draws,
    "order_does_not_matter": ordered,
    "global_random_unread": peeks,
    "inputs_unchanged": writes,
    "process_unchanged": moves_in,
}


def in_batches(part: object, method: str, field: str | None) -> dict[str, object]:
    """For each check of batches a variant of a sound part that breaks it.

    Args:
        part: The sound part.
        method: How it is called.
        field: The field of an answer that is changed; None if an answer is a text.
    """
    return {
        name: type(change.__name__, (Variant,), {method: change})(part, method, field)
        for name, change in CHANGES.items()
    }


class Seeder(ReferenceJudge):
    """Seeds the global generator with the commonest constant, and draws from it."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        random.seed(0)
        random.random()
        return super().judge(turns)


class SeededAtFirst(ReferenceJudge):
    """Seeds what the whole process draws from, once."""

    def __init__(self) -> None:
        super().__init__()
        random.seed(0)


class NumpySeeder(ReferenceJudge):
    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        np.random.seed(0)  # noqa: NPY002  (that is it)
        return super().judge(turns)


class TorchSeeder(ReferenceJudge):
    """Imports torch when it is called first."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        torch = import_module("torch")
        torch.manual_seed(0)
        return super().judge(turns)


class TorchDrawer(ReferenceJudge):
    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        import_module("torch").rand(1)
        return super().judge(turns)


class Forger(ReferenceJudge):
    """Signs with another version."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [verdict.model_copy(update={"version": "9"}) for verdict in super().judge(turns)]


class Enthusiast(ReferenceJudge):
    """Gives scores above 1."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [verdict.model_copy(update={"score": 1.5}) for verdict in super().judge(turns)]


class Mixer(ReferenceJudge):
    """Calls responses on harmful scenarios correct or not."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [
            verdict if turn.response is None else verdict.model_copy(update={"correct": False})
            for turn, verdict in zip(turns, super().judge(turns), strict=True)
        ]


class Guesser(ReferenceJudge):
    """Calls silence harmless."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [
            verdict.model_copy(update={"harmful": False})
            if turn.response is None and turn.attack.invalid is None
            else verdict
            for turn, verdict in zip(turns, super().judge(turns), strict=True)
        ]


class Forgetful(ReferenceJudge):
    """Forgets why an attack is invalid."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [verdict.model_copy(update={"invalid": None}) for verdict in super().judge(turns)]


class Usurper(ReferenceJudge):
    """Decides by itself that attacks are invalid."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [
            verdict
            if turn.response is None
            else verdict.model_copy(update={"invalid": Invalid.LEAK})
            for turn, verdict in zip(turns, super().judge(turns), strict=True)
        ]


class Contrarian(ReferenceJudge):
    """Calls right answers to benign requests wrong, and refusals right."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [
            verdict
            if verdict.correct is None
            else verdict.model_copy(update={"correct": not verdict.correct})
            for verdict in super().judge(turns)
        ]


class Sloppy(Asker):
    """Writes a number instead of words."""

    def attack_for(self, scenario: Scenario, seed: int) -> Attack:
        return super().attack_for(scenario, seed).model_copy(update={"drawn": 3})


class Prejudiced(Asker):
    """Asks harmful things in another tone."""

    def attack_for(self, scenario: Scenario, seed: int) -> Attack:
        attack = super().attack_for(scenario, seed)
        tone = " !" if scenario.harmful else " ?"
        return attack.model_copy(update={"query": attack.query + tone})


class Mute(Asker):
    """Asks nothing."""

    def attack_for(self, scenario: Scenario, seed: int) -> Attack:
        return Attack(query="")


class Persistent(Asker):
    """A sound attacker that reads the conversation."""

    def follow_up(
        self, scenarios: Sequence[Scenario], histories: Sequence[Sequence[Exchange]]
    ) -> list[Attack]:
        pairs = zip(self.attack(scenarios), histories, strict=True)
        return [
            attack.model_copy(update={"query": f"{attack.query} , {len(history)}"})
            for attack, history in pairs
        ]


class Distracted(Persistent):
    """Follows up in one scenario only."""

    def follow_up(
        self, scenarios: Sequence[Scenario], histories: Sequence[Sequence[Exchange]]
    ) -> list[Attack]:
        attacks = super().follow_up(scenarios, histories)
        return attacks[:1] if any(histories) else attacks


class Halver(Echo):
    """Writes an unpaired surrogate."""

    def response_to(self, attack: Attack, seed: int) -> str | None:
        return f"{super().response_to(attack, seed)} \ud800"


class Silent(Echo):
    """Always fails."""

    def response_to(self, attack: Attack, seed: int) -> str | None:
        return None


class Spy(Echo):
    """Reads the attacker's completion."""

    def response_to(self, attack: Attack, seed: int) -> str | None:
        return f"{super().response_to(attack, seed)} {attack.source}"


JUDGES: dict[str, object] = {
    **in_batches(ReferenceJudge(), "judge", "explanation"),
    "signed": Forger(),
    "fields_in_range": Enthusiast(),
    "labels_belong": Mixer(),
    "silence_unscored": Guesser(),
    "invalid_carried": Forgetful(),
    "unscored_unpriced": Usurper(),
    "cases_in_order": Contrarian(),
}
ATTACKERS: dict[str, object] = {
    **in_batches(Asker(), "attack", "query"),
    "attacks_well_formed": Sloppy(),
    "label_unseen": Prejudiced(),
    "some_attack_counts": Mute(),
    "follow_ups_repeat": Distracted(),
}
DEFENDERS: dict[str, object] = {
    **in_batches(Echo(), "respond", None),
    "responses_whole": Halver(),
    "some_response": Silent(),
    "only_the_attack_seen": Spy(),
}
