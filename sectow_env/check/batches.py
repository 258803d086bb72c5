"""What holds for everything that is asked in batches: judges, attackers and defenders."""

from __future__ import annotations

from collections.abc import Iterator

from sectow_env.check.compare import as_text, differences, shown
from sectow_env.check.fault import Skip
from sectow_env.check.part import PartSubject
from sectow_env.check.randomness import global_state, kept, set_global_state, touched
from sectow_env.game import Reseedable

REPEATS = 3


def one_answer_an_item(subject: PartSubject) -> Iterator[str]:
    """A batch gets a list with one answer an item, each of the right type."""
    wrong = subject.misfit(subject.raw(subject.items, subject.seeds), len(subject.items))
    if wrong:
        yield wrong


def empty_batch(subject: PartSubject) -> Iterator[str]:
    """An empty batch gets an empty list."""
    given = subject.raw([], [])
    if not isinstance(given, list | tuple) or len(given) > 0:
        yield f"{subject.verb.method}([]) gives {shown(given)}"


def repeatable(subject: PartSubject) -> Iterator[str]:
    """The same batch, reseeded alike, gets the same answers again."""
    first = subject.answers
    for _ in range(REPEATS):
        again = subject.ask(subject.items)
        for found in _differences(subject, first, again, ("at first", "again")):
            yield f"{found}{_hint(subject)}"


def batch_equals_single(subject: PartSubject) -> Iterator[str]:
    """An item gets the same answer in a batch and alone."""
    pairs = zip(subject.items, subject.seeds, strict=True)
    alone = [answer for item, seed in pairs for answer in subject.ask([item], [seed])]
    for found in _differences(subject, subject.answers, alone, ("in a batch", "alone")):
        yield f"{found}{_hint(subject)}"


def global_random_untouched(subject: PartSubject) -> Iterator[str]:
    """Being asked leaves the global random state as it was."""
    with kept():
        before = global_state()
        subject.ask(subject.items)
        for name in touched(before):
            yield f"{subject.verb.method} draws from or seeds {name}; own a generator instead"


def order_does_not_matter(subject: PartSubject) -> Iterator[str]:
    """A batch in the opposite order gets the same answers in the opposite order."""
    turned = subject.ask(subject.items[::-1], subject.seeds[::-1])[::-1]
    names = ("in one order", "in the opposite order")
    for found in _differences(subject, subject.answers, turned, names):
        yield f"{found}{_hint(subject)}"


def global_random_unread(subject: PartSubject) -> Iterator[str]:
    """Answers do not depend on the global random state."""
    given = []
    with kept():
        for seed in (1, 2):
            set_global_state(seed)
            given.append(subject.ask(subject.items))
    names = ("with one global seed", "with another")
    found = list(_differences(subject, given[0], given[1], names))
    if found:
        must_repeat(subject)
    yield from found


# The order is part of it: a part that is spoilt by being asked the same twice is seen by
# `repeatable`, and the other checks change the batch in between.
BATCH_CHECKS = (
    one_answer_an_item,
    empty_batch,
    repeatable,
    batch_equals_single,
    global_random_untouched,
    order_does_not_matter,
    global_random_unread,
)


def must_repeat(subject: PartSubject) -> None:
    """Before a difference is laid to something else.

    Raises:
        Skip: The same batch gets other answers each time.
    """
    with kept():
        again = []
        for _ in range(2):
            set_global_state(1)
            again.append([as_text(one) for one in subject.ask(subject.items)])
    if again[0] != again[1]:
        raise Skip("it does not repeat itself: see repeatable")


def _differences(
    subject: PartSubject, first: list[object], second: list[object], names: tuple[str, str]
) -> Iterator[str]:
    if [as_text(one) for one in first] != [as_text(one) for one in second]:
        yield from differences(first, second, subject.verb.answer, names)


def _hint(subject: PartSubject) -> str:
    if isinstance(subject.part, Reseedable) or subject.verb.method in {"judge", "draw"}:
        return ""
    return "; a policy that draws at random needs reseed(seeds)"
