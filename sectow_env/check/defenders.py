"""Checks of defenders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sectow_env.check.compare import differences
from sectow_env.check.material import attacks_of
from sectow_env.check.part import PartSubject, Verb
from sectow_env.game import Defender
from sectow_env.game.world import World
from sectow_env.text import flaw_of

# None is an answer too: the defender failed, and the turn is unscored.
VERB = Verb(method="respond", answer="response", types=(str, type(None)))
UNSEEN: Mapping[str, Any] = {"source": "frame : f0 ; name : x", "channel": "check", "frame": "f77"}
"""Fields of an attack that no defender sees, with another value for each."""


def defender_subject(name: str, defender: Defender, world: World, seed: int) -> PartSubject:
    """A defender under check, with attacks of a world and odd ones."""
    items = attacks_of(world, seed)
    return PartSubject(f"the defender {name}", defender, VERB, items, world, seed)


def responses_whole(subject: PartSubject) -> Iterator[str]:
    """No response contains an unpaired surrogate, so that a file can store it."""
    for response in subject.answers:
        flaw = None if response is None else flaw_of(response)
        if flaw:
            yield f"a response with {flaw}"


def some_response(subject: PartSubject) -> Iterator[str]:
    """At least one attack gets a response: None everywhere would leave every turn unscored."""
    if all(response is None for response in subject.answers):
        yield f"None for all {len(subject.answers)} attacks"


def only_the_attack_seen(subject: PartSubject) -> Iterator[str]:
    """The response does not depend on how the attack was made: its completion, channel or frame."""
    for field, value in UNSEEN.items():
        changed = [attack.model_copy(update={field: value}) for attack in subject.items]
        names = ("unchanged", f"with another {field}")
        yield from differences(subject.answers, subject.ask(changed), "response", names)
