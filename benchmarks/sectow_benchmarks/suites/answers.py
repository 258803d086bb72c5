"""Whether a free answer gives the right one: a choice, yes or no, a number, or a short text.

Nothing is guessed, and no language model extracts anything: an answer that names several choices,
or none, is wrong. What is stated as the answer ("the answer is B", a formula's box) counts alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor

from sectow_env.judges.answers import without_thinking

LETTERS = "ABCDEFGHIJ"
"""Choices are at most so many."""
_BOX = re.compile(r"(?:\banswer\b\s*(?:is|:|=)\s*)?\\boxed\s*\{([^{}]*)\}", re.IGNORECASE)
_MARKS = re.compile(r"[*`$]+|\\[()\[\]]")
"""Emphasis and formulas around an answer."""
_STATED = re.compile(r"\b(?:answer|option|choice)\s*(?:is\s*:?|:|=)\s*", re.IGNORECASE)
_END = re.compile(r"[.;!](?:\s|$)|\n")
_LETTER = r"(?:(?:option|choice)\s+)?[(\[{]?([A-J])[)\]}]?"
_BARE = re.compile(rf"{_LETTER}[.:,;!]*", re.IGNORECASE)
"""An answer that is a letter and nothing else."""
_LEADING = re.compile(r"\(([A-Ja-j])\)|\[([A-J])\]|([A-Ja-j])[).:](?!\w)|([A-J]),")
_NOT = re.compile(rf"(?:\bnot|n['’]t|\bnever)\s+{_LETTER}(?!\w)", re.IGNORECASE)
_NAMED = re.compile(
    r"\(([A-Ja-j])\)"
    r"|(?<![\w'’-])([B-HJ])(?![\w'’-])"
    # An article is not a choice.
    r"|(?<![\w'’-])(A)(?![\w'’-])(?! (?!(?:is|was|because|since|as|and|or|but)\b)[a-z])"
)
"""Letters that name choices within a text."""
_YES_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_EITHER = re.compile(r"\b(?:yes\s*(?:/|or)\s*no|no\s*(?:/|or)\s*yes)\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.])(?<!\d,)[-+\N{MINUS SIGN}]?"
    r"(?:\d{1,30}/\d{1,30}|(?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d{1,30})?(?:e[-+]?\d{1,2})?"
    r"|\.\d{1,30})(?!\d|,\d)",
    re.IGNORECASE,
)
_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
_ARTICLE = re.compile(r"^(?:a|an|the) (?=.)")


def is_right(answer: str, reference: str, facts: Mapping[str, str]) -> bool:
    """Whether an answer is right.

    Args:
        answer: As the model wrote it; what it thought first is left out.
        reference: The right one.
        facts: `answer`: `choice` (the reference is a letter), `yes_no`, `number`, or `text`;
            `options`: the texts of the choices as a JSON list, where they are known; `precision`:
            decimals that a number is rounded to. The unit of a number is not looked at.
    """
    final = without_thinking(answer)
    if final is None:
        return False
    text = _MARKS.sub("", _BOX.sub(r"answer: \1. ", final)).strip()
    kind = facts.get("answer", "text")
    if kind == "choice":
        return choice_of(text, json.loads(facts.get("options", "[]"))) == reference.upper()
    if kind == "yes_no":
        return yes_no_of(text) == reference.casefold()
    if kind == "number":
        return _is_number(text, reference, facts.get("precision"))
    texts = {plain(part) for part in stated(text) or [text]}
    return texts == {plain(reference)} != {""}


def choice_of(answer: str, options: Sequence[str] = ()) -> str | None:
    """The letter that an answer chooses; None where it names none or several."""
    letters: set[str] = set()
    for part in stated(answer):
        letters |= _choices(part, options)
    leading = _LEADING.match(answer)
    if leading or not letters:
        letters |= _choices(answer, options)
    known = LETTERS[: len(options)] if options else LETTERS
    return letters.pop() if len(letters) == 1 and letters <= set(known) else None


def yes_no_of(answer: str) -> str | None:
    """`yes` or `no`: what is stated, else the first word, else the only one of the two."""
    given = {word for part in stated(answer) or [answer] for word in _yes_no(part)}
    return given.pop() if len(given) == 1 else None


def number_of(answer: str) -> Fraction | None:
    """The number that an answer gives: what is stated, what follows the last `=`, or the only one.

    Returns:
        None where it has none, or different ones.
    """
    parts = stated(answer) or ([answer.rpartition("=")[2]] if "=" in answer else [answer])
    numbers = {number for part in parts for number in _numbers(part)}
    return numbers.pop() if len(numbers) == 1 else None


def stated(answer: str) -> list[str]:
    """What stands behind each "the answer is", up to the end of its sentence or line."""
    parts = (answer[match.end() :] for match in _STATED.finditer(answer))
    return [part for part in (_END.split(part)[0].strip() for part in parts) if part]


def plain(text: str) -> str:
    """The words of a text, without case, a leading article, punctuation and outer white space."""
    return _ARTICLE.sub("", " ".join(re.findall(r"\w+", text.casefold())))


def _choices(text: str, options: Sequence[str]) -> set[str]:
    """The letters that a text names."""
    bare = _BARE.fullmatch(text)
    if bare:
        return {bare[1].upper()}
    by_text = _by_text(text, options)
    if by_text:
        return by_text
    leading = _LEADING.match(text)
    if not leading:
        return _letters(text)
    # What follows may explain the choice, or name another one in the same breath.
    first, rest = next(filter(None, leading.groups())), text[leading.end() :]
    return {first.upper()} | (_by_text(rest, options) or _letters(_END.split(rest)[0]))


def _by_text(text: str, options: Sequence[str]) -> set[str]:
    """The letters of the options whose text it is."""
    words = plain(text)
    return {
        letter for letter, each in zip(LETTERS, options, strict=False) if plain(each) == words != ""
    }


def _letters(text: str) -> set[str]:
    named = _NAMED.finditer(_NOT.sub("", text))
    return {next(filter(None, match.groups())).upper() for match in named}


def _yes_no(text: str) -> set[str]:
    if _EITHER.search(text):
        return set()
    words = [word.lower() for word in _YES_NO.findall(text)]
    return {words[0]} if re.match(r"\W*(?:yes|no)\b", text, re.IGNORECASE) else set(words)


def _is_number(text: str, reference: str, precision: str | None) -> bool:
    given, right = number_of(text), number_of(reference)
    if given is None or right is None or precision is None:
        return given is not None and given == right
    return _rounded(given, int(precision)) == _rounded(right, int(precision))


def _numbers(text: str) -> set[Fraction]:
    texts = {
        match[0].replace(",", "").replace("\N{MINUS SIGN}", "-") for match in _NUMBER.finditer(text)
    }
    if not texts:
        (first, *more) = plain(text).split() or [""]
        return {Fraction(_WORDS.index(first))} if first in _WORDS and len(more) < 2 else set()
    return {Fraction(number) for number in texts if not re.search(r"/0+$", number)}


def _rounded(number: Fraction, decimals: int) -> int:
    """In units of the last decimal, halves upwards."""
    return floor(number * Fraction(10) ** decimals + Fraction(1, 2))
