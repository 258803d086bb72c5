"""The forms of questions of capability: how each is asked, and what an answer is compared with.

The instruction of a form is always the same, and our own: an export to lm-eval asks the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sectow_benchmarks.suites.answers import LETTERS

CHOOSE = "Answer with the letter of the right option only."
YES_OR_NO = "Answer with yes or no only."
NUMBER = "Answer with a number only."
DECIMALS = "Answer with a number only, rounded to {} decimals."
SHORT = "Answer with a word or a short phrase only."


class Form(NamedTuple):
    """A question as it is asked."""

    query: str
    reference: str
    meta: Mapping[str, str]
    """How `answers.is_right` compares."""


def choice(question: str, options: Sequence[str], right: int) -> Form | None:
    """A question with lettered options; None where the right one is not among them."""
    if not 0 <= right < len(options) <= len(LETTERS):
        return None
    lettered = (f"{letter}. {text}" for letter, text in zip(LETTERS, options, strict=False))
    meta = {"answer": "choice", "options": json.dumps(list(options))}
    return Form("\n".join([question, *lettered, CHOOSE]), LETTERS[right], meta)


def letter(question: str, right: str) -> Form | None:
    """A question whose text has the options; None where the right one is not a letter."""
    right = right.strip().upper()
    if len(right) != 1 or right not in LETTERS:
        return None
    return Form(f"{question}\n{CHOOSE}", right, {"answer": "choice"})


def yes_no(question: str, right: str) -> Form | None:
    """A question to be answered with yes or no; None where the right answer is neither."""
    right = right.strip().lower()
    if right not in {"yes", "no"}:
        return None
    return Form(f"{question}\n{YES_OR_NO}", right, {"answer": "yes_no"})


def number(question: str, right: str, decimals: int | None = None) -> Form:
    """A question to be answered with a number, rounded to so many decimals."""
    if not decimals:
        return Form(f"{question}\n{NUMBER}", right, {"answer": "number"})
    meta = {"answer": "number", "precision": str(decimals)}
    return Form(f"{question}\n{DECIMALS.format(decimals)}", right, meta)


def short(question: str, right: str) -> Form:
    """A question to be answered with a word or two."""
    return Form(f"{question}\n{SHORT}", right, {"answer": "text"})
