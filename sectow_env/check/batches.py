"""Checks of everything that is called in batches: judges, policies and renderers.

The order matters: `repeatable` must come before the checks that change the batch in between, to see
a part whose answers change when the same batch comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_env.check.compare import as_text, differences, fresh, shown
from sectow_env.check.fault import Skip
from sectow_env.check.part import PartSubject
from sectow_env.check.randomness import kept, set_global_state, touched_by
from sectow_env.game import Reseedable

REPEATS = 3


def one_answer_an_item(subject: PartSubject) -> Iterator[str]:
    """A batch gets a list with one answer per item, each of the right type."""
    wrong = subject.misfit(subject.raw(subject.items, subject.seeds), len(subject.items))
    if wrong:
        yield wrong


def empty_batch(subject: PartSubject) -> Iterator[str]:
    """An empty batch gets an empty list."""
    answers = subject.raw([], [])
    if not isinstance(answers, list | tuple) or len(answers) > 0:
        yield f"{subject.verb.method}([]) gives {shown(answers)}"


def repeatable(subject: PartSubject) -> Iterator[str]:
    """The same batch with the same seeds gets the same answers again."""
    first = subject.answers
    for _ in range(REPEATS):
        again = subject.ask(subject.items)
        for difference in _differences(subject, first, again, ("at first", "again")):
            yield f"{difference}{_hint(subject)}"


def batch_equals_single(subject: PartSubject) -> Iterator[str]:
    """An item gets the same answer in a batch and alone."""
    pairs = zip(subject.items, subject.seeds, strict=True)
    alone = [answer for item, seed in pairs for answer in subject.ask([item], [seed])]
    for difference in _differences(subject, subject.answers, alone, ("in a batch", "alone")):
        yield f"{difference}{_hint(subject)}"


def global_random_untouched(subject: PartSubject) -> Iterator[str]:
    """Building it and a call leave the global random state as it was."""
    if subject.build is not None:
        for name in touched_by(subject.build):
            yield f"building it draws from or seeds {name}; own a generator instead"
    for name in touched_by(lambda: subject.ask(subject.items)):
        yield f"{subject.verb.method} draws from or seeds {name}; own a generator instead"


def order_does_not_matter(subject: PartSubject) -> Iterator[str]:
    """A batch in reverse order gets the same answers in reverse order."""
    reversed_answers = subject.ask(subject.items[::-1], subject.seeds[::-1])[::-1]
    names = ("in one order", "in reverse order")
    for difference in _differences(subject, subject.answers, reversed_answers, names):
        yield f"{difference}{_hint(subject)}"


def global_random_unread(subject: PartSubject) -> Iterator[str]:
    """Answers do not depend on the global random state."""
    answers = []
    with kept():
        for seed in (1, 2):
            set_global_state(seed)
            answers.append(subject.ask(subject.items))
    names = ("with one global seed", "with another")
    findings = list(_differences(subject, answers[0], answers[1], names))
    if findings:
        must_repeat(subject)
    yield from findings


def inputs_unchanged(subject: PartSubject) -> Iterator[str]:
    """A call leaves what it is given as it was: the batch, each item, each pixel."""
    given = fresh([*subject.items])
    before = [as_text(item) for item in given]
    subject.raw(given, subject.seeds, as_it_is=True)
    after = [as_text(item) for item in given]
    for difference in differences(before, after, "item", ("before the call", "after it")):
        yield f"{subject.verb.method} writes into what it is given: {difference}"


def process_unchanged(subject: PartSubject) -> Iterator[str]:
    """A call leaves the process as it was: environment, folder, warnings, numpy, torch."""
    for name in subject.process.changed_by(lambda: subject.ask(subject.items)):
        yield f"{subject.verb.method} changes {name}"


def must_repeat(subject: PartSubject) -> None:
    """Before a difference is blamed on another cause: the same batch must get the same answers.

    Raises:
        Skip: The answers differ each time.
    """
    with kept():
        again = []
        for _ in range(2):
            set_global_state(1)
            again.append([as_text(answer) for answer in subject.ask(subject.items)])
    if again[0] != again[1]:
        raise Skip("it does not repeat itself: see repeatable")


def _differences(
    subject: PartSubject, first: list[object], second: list[object], names: tuple[str, str]
) -> Iterator[str]:
    if [as_text(answer) for answer in first] != [as_text(answer) for answer in second]:
        yield from differences(first, second, subject.verb.answer, names)


def _hint(subject: PartSubject) -> str:
    if isinstance(subject.part, Reseedable) or subject.verb.method in {"judge", "draw"}:
        return ""
    return "; a policy that draws at random needs reseed(seeds)"
