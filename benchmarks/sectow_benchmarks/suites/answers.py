"""Whether a free answer gives the right one: a choice, yes or no, a number, or a short text.

Nothing is guessed: an answer that names several choices, or none, is wrong, as in the suites' own
scoring. No language model extracts anything.
"""

from __future__ import annotations

import re

_MARKED = re.compile(r"(?:answer|option|choice)\s*(?:is|:)?\s*\(?([A-Z])\b\)?", re.IGNORECASE)
_LEADING = re.compile(r"\s*\(?([A-Z])(?:[).:,]|\s*$)")
_YES_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?")


def is_right(kind: str, answer: str, reference: str) -> bool:
    """Whether an answer is right.

    Args:
        kind: `choice` (a letter), `yes_no`, `number`, or `text`.
        answer: As the model wrote it.
        reference: The right one.
    """
    read = {"choice": choice_of, "yes_no": yes_no_of, "number": number_of}.get(kind, plain)
    given, right = read(answer), read(reference)
    return given is not None and given == right


def choice_of(answer: str) -> str | None:
    """The letter that an answer chooses; None where it names none or several."""
    marked = [letter.upper() for letter in _MARKED.findall(answer)]
    if marked:
        return marked[-1] if len(set(marked)) == 1 else None
    leading = _LEADING.match(answer)
    return leading[1] if leading else None


def yes_no_of(answer: str) -> str | None:
    """`yes` or `no`, by the first of these words; None where there is neither."""
    word = _YES_NO.search(answer)
    return word[1].lower() if word else None


def number_of(answer: str) -> float | None:
    """The last number of an answer; None where it has no number."""
    numbers = _NUMBER.findall(answer)
    return float(numbers[-1].replace(",", "").rstrip("%")) if numbers else None


def plain(answer: str) -> str | None:
    """The words of a text, without case, articles' punctuation and outer white space."""
    words = re.findall(r"\w+", answer.casefold())
    return " ".join(words) or None
