"""Whether a free answer gives the right one: what counts, what does not, and no error."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_benchmarks.suites import answers
from sectow_benchmarks.suites.answers import LETTERS, choice_of, is_right, number_of, yes_no_of

OPTIONS = ("the red jar", "a blue jar", "lamp", "none of these")

CHOICES = {
    **dict.fromkeys(("B", "b", "(B)", "B.", " B ", "[B]", "**b**", "`B`", "$B$", "b)", "B:"), "B"),
    **dict.fromkeys(("The answer is B", "The answer is (b).", "answer: option B"), "B"),
    **dict.fromkeys(("Answer: B", "Option B", "The option is B.", "My choice: B"), "B"),
    **dict.fromkeys(("B. a blue jar", "(B) a blue jar", "B) Blue jar", "B: a blue jar."), "B"),
    **dict.fromkeys(("a blue jar", "Blue jar.", "A BLUE JAR", "The answer is a blue jar."), "B"),
    **dict.fromkeys(("I think it is B", "It must be (B)", "It is B because of its lid."), "B"),
    **dict.fromkeys(("It is not A but B", "B, since it is full", "B\n\nThe lid is shut."), "B"),
    **dict.fromkeys((r"A is empty, so \boxed{B}", r"So the answer is $\boxed{B}$.", r"\(B\)"), "B"),
    **dict.fromkeys(("A is empty and C is a lamp, so the answer is B",), "B"),
    **dict.fromkeys(("<think>A? C?</think>B", "C</think> The answer is B"), "B"),
    **dict.fromkeys(("A is correct", "It is A", "A", "A. the red jar"), "A"),
    **dict.fromkeys(("A and B", "A, B", "A or B", "(A) (B)", "The answer is A or B", "A/B"), None),
    **dict.fromkeys(("A. The answer is B.", "Answer: A. Answer: B", "A. a blue jar"), None),
    **dict.fromkeys(("", " ", "I do not know", "a jar", "A jar stands there.", "F", "E."), None),
    **dict.fromkeys(("The answer is not B", "It isn't B", "the answer is a dog", "B's lid"), None),
    **dict.fromkeys(("<think>B", "blue jar and lamp", "I", "I see it"), None),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "letter"), CHOICES.items())
def test_a_choice(answer: str, letter: str | None) -> None:
    facts = {"answer": "choice", "options": json.dumps(OPTIONS)}
    assert [each for each in LETTERS if is_right(answer, each, facts)] == [letter] * bool(letter)


def test_letters_alone_are_known_without_the_options() -> None:
    facts = {"answer": "choice"}
    assert is_right("F.", "F", facts)
    assert not is_right("lamp", "C", facts)
    assert not is_right("A or C", "C", facts)
    assert choice_of("C", ("A", "C", "B")) == "C", "a letter is a letter, whatever options say"
    assert choice_of("same", ("same", "same")) is None


YES_NO = {
    **dict.fromkeys(("yes", "Yes.", "YES!", "Yes, there is no lamp.", "**Yes**"), "yes"),
    **dict.fromkeys(("The answer is yes", "I would say yes", "No lamp. Answer: Yes"), "yes"),
    **dict.fromkeys(("no", "No.", "There is no jar in the picture.", "No, yes is wrong"), "no"),
    **dict.fromkeys(("", "maybe", "Yes or no", "yes/no", "I know nothing", "not yes or no"), None),
    **dict.fromkeys(("I say yes and no", "nope", "yesterday", "<think>yes"), None),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "word"), YES_NO.items())
def test_yes_or_no(answer: str, word: str | None) -> None:
    facts = {"answer": "yes_no"}
    assert [each for each in ("yes", "no") if is_right(answer, each, facts)] == [word] * bool(word)


NUMBERS = [
    ("5", "5"), ("5.", "5"), ("5 cm", "5"), ("5cm", "5"), ("$5", "5"), ("5.0", "5"), ("+5", "5"),
    ("The answer is 5", "5"), ("There are 5 jars.", "5"), ("2 + 3 = 5", "5"), ("five", "5"),
    ("Five jars", "5"), ("1,234", "1234"), ("1234", "1,234"), ("-3", "-3"),
    ("\N{MINUS SIGN}3", "-3"),
    ("50%", "50"), ("1/2", "0.5"), (".5", "0.5"), ("1.5e3", "1500"), (r"\boxed{5}", "5"),
    ("<think>3 or 4</think> 5", "5"), ("3 jars and 2 lamps: the answer is 5.", "5"),
]  # fmt: skip
NO_NUMBERS = [
    ("", "5"), ("none", "0"), ("5 or 6", "5"), ("3-5", "5"), ("5,6", "5"), ("15", "5"),
    ("5.1", "5"),
    ("1/0", "1"), ("-5", "5"), ("1.2.3", "3"), ("1,23", "123"), ("x5", "5"),
    ("one of the jars", "1"),
    ("<think>5", "5"), ("9" * 5000, "9"), ("5 m is 500 cm", "5"), ("the answer is 4 or 5", "5"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "right"), NUMBERS)
def test_a_number(answer: str, right: str) -> None:
    assert is_right(answer, right, {"answer": "number"})


@pytest.mark.parametrize(("answer", "right"), NO_NUMBERS)
def test_no_number_or_another(answer: str, right: str) -> None:
    assert not is_right(answer, right, {"answer": "number"})


@pytest.mark.parametrize(
    ("answer", "right", "decimals", "same"),
    [
        ("1.25", "1.3", 1, True), ("1.24", "1.3", 1, False), ("1.349", "1.3", 1, True),
        ("1.35", "1.3", 1, False), ("2.675", "2.68", 2, True), ("-1.25", "-1.2", 1, True),
        ("3", "3.00", 2, True), ("0.333", "0.33", 2, True), ("1/3", "0.33", 2, True),
    ],
)  # fmt: skip
def test_precision(answer: str, right: str, decimals: int, same: bool) -> None:
    facts = {"answer": "number", "precision": str(decimals)}
    assert is_right(answer, right, facts) is same


@pytest.mark.parametrize(
    ("answer", "right"),
    [("Left", "left"), ("left.", "Left"), ("The left", "left"), ("The answer is left.", "Left")],
)
def test_a_short_text(answer: str, right: str) -> None:
    assert is_right(answer, right, {})


@pytest.mark.parametrize("answer", ["", "right", "left or right", "to the left", "The answer is l"])
def test_another_text(answer: str) -> None:
    assert not is_right(answer, "left", {})
    assert not is_right(answer, "", {})
    assert not is_right("answer: left. answer: right", "left", {})


@given(st.sampled_from("ABCD"), st.sampled_from(("{}", "({})", "{}.", "**{}**", "Answer: {}")))
def test_every_letter_in_every_form(letter: str, form: str) -> None:
    assert choice_of(re.sub(r"\*", "", form.format(letter)), OPTIONS) == letter


@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
def test_a_number_is_itself_however_it_is_written(value: int, decimals: int) -> None:
    for text in (str(value), f"{value:,}", f"{value}.0", f"the answer is {value}."):
        assert number_of(text) == value
        facts = {"answer": "number", "precision": str(decimals)}
        assert is_right(text, str(value), facts)
        assert not is_right(text, str(value + 1), facts)


@given(st.text(), st.text(), st.sampled_from(("choice", "yes_no", "number", "text")))
def test_nothing_raises_and_nothing_is_right_by_chance(
    answer: str, reference: str, kind: str
) -> None:
    facts = {"answer": kind, "options": json.dumps(OPTIONS), "precision": "1"}
    assert is_right(answer, reference, facts) in {True, False}
    assert choice_of(answer, OPTIONS) in {None, *"ABCD"}
    assert yes_no_of(answer) in {None, "yes", "no"}


def everything_right() -> bool:
    """Whether the tables above come out right."""
    choice = {"answer": "choice", "options": json.dumps(OPTIONS)}
    return (
        all(is_right(text, right, {"answer": "number"}) for text, right in NUMBERS)
        and not any(is_right(text, right, {"answer": "number"}) for text, right in NO_NUMBERS)
        and all(
            [each for each in LETTERS if is_right(text, each, choice)] == [letter] * bool(letter)
            for text, letter in CHOICES.items()
        )
        and all(
            [w for w in ("yes", "no") if is_right(text, w, {"answer": "yes_no"})]
            == [word] * bool(word)
            for text, word in YES_NO.items()
        )
    )


NEVER = re.compile("(?!)()")
MUTANTS = {
    "thinking counts": ("without_thinking", str),
    "an article counts": ("_ARTICLE", NEVER),
    "nothing is stated": ("_STATED", NEVER),
    "a box is no statement": ("_BOX", NEVER),
    "emphasis stays": ("_MARKS", NEVER),
    "not is not read": ("_NOT", NEVER),
    "either is an answer": ("_EITHER", NEVER),
    "a first letter is no choice": ("_LEADING", NEVER),
    "a bare letter is no choice": ("_BARE", NEVER),
    "an option's text is no choice": ("_by_text", lambda *_: set()),
    "letters within a text name none": ("_letters", lambda *_: set()),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_rule_is_needed(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert everything_right()
    monkeypatch.setattr(answers, *MUTANTS[mutant])
    assert not everything_right()
