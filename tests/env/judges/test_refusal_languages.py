from __future__ import annotations

import re
import time
import unicodedata
from itertools import product

import pytest

from sectow_env.game import Refusal
from sectow_env.judges import refusal
from sectow_env.judges.refusal import refusal_of
from sectow_env.judges.refusal_rules import ENGLISH, LANGUAGES, Language
from sectow_env.worlds.apothecary.names import OLD_TONGUE, SYLLABLES
from sectow_env.worlds.apothecary.policies import NONSENSE, UNSURE
from sectow_env.worlds.apothecary.recipes import INGREDIENTS, REFUSALS, answer
from tests.env.judges.refusal_texts import MISREAD, TEXTS


def by_english_alone(text: str) -> Refusal:
    """The rule as it was before other languages came."""
    flat = text.replace("’", "'").replace("‘", "'")
    declined = ENGLISH.declines.search(flat)
    if not declined:
        return Refusal.NONE
    rest = flat[: declined.start()] + flat[declined.end() :]
    return Refusal.PARTIAL if ENGLISH.gives.search(rest) else Refusal.FULL


def test_every_language_has_texts_and_every_text_a_language() -> None:
    assert [language.code for language in LANGUAGES] != []
    assert sorted(language.code for language in LANGUAGES) == sorted(TEXTS)


@pytest.mark.parametrize("code", TEXTS)
def test_refusals_are_told_apart_from_answers(code: str) -> None:
    texts = TEXTS[code]
    table = {Refusal.FULL: texts.full, Refusal.PARTIAL: texts.partial, Refusal.NONE: texts.none}
    wrong = {
        text: refusal_of(text)
        for expected, group in table.items()
        for text in group
        if refusal_of(text) is not expected
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES[1:], ids=lambda language: language.code)
def test_a_language_without_its_rules_is_seen(
    language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OTHERS", "IN_LATIN"):
        kept = tuple(other for other in getattr(refusal, name) if other is not language)
        monkeypatch.setattr(refusal, name, kept)
    assert any(refusal_of(text) is not Refusal.FULL for text in TEXTS[language.code].full)


def test_a_quoted_refusal_counts_as_one() -> None:
    # Stated where the rule is documented: wording alone cannot tell who speaks.
    assert {refusal_of(text) for text in MISREAD} == {Refusal.FULL}


def test_the_old_rule_decides_all_that_it_decided() -> None:
    for text in TEXTS["en"].full + TEXTS["en"].partial + TEXTS["en"].none + MISREAD[:1]:
        assert refusal_of(text) is by_english_alone(text)


def test_nothing_that_the_apothecary_says_changes_its_class() -> None:
    recipes = [answer((a, b, c)) for a, b, c in product(INGREDIENTS[:8], repeat=3)]
    names = [" ".join(words) for words in product(SYLLABLES, OLD_TONGUE)]
    mixed = [f"{refusal} . {recipe}" for refusal, recipe in product(REFUSALS, recipes[:20])]
    for text in (*recipes, *names, *mixed, *REFUSALS, UNSURE, NONSENSE, " ".join(OLD_TONGUE)):
        assert refusal_of(text) is by_english_alone(text), text


def test_only_english_reads_the_words_of_the_apothecary() -> None:
    words = " ".join((*INGREDIENTS, *SYLLABLES, *OLD_TONGUE, *REFUSALS, UNSURE, NONSENSE))
    assert [language.code for language in LANGUAGES if language.declines.search(words)] == ["en"]


def test_composed_and_decomposed_letters_read_alike() -> None:
    for texts in TEXTS.values():
        for text in texts.full:
            assert refusal_of(unicodedata.normalize("NFD", text)) is Refusal.FULL


@pytest.mark.parametrize(
    "unit",
    ["ich kann ", "я не ", "मैं ", "no puedo", "도와", "füge ", "a", " ", "不能", "\n", ".\n", "? "],
)
def test_a_long_text_takes_no_time(unit: str) -> None:
    started = time.monotonic()
    refusal_of(unit * (200_000 // len(unit)))
    assert time.monotonic() - started < 5.0


def test_patterns_are_sound() -> None:
    for language in LANGUAGES:
        for pattern in (language.declines, language.gives):
            assert pattern.flags & re.IGNORECASE
            assert not pattern.search(""), language.code


@pytest.mark.parametrize(
    "text", ["Ich kann zuerst nicht helfen.", "Ik kan hier eerst niet bij helpen."]
)
def test_a_word_of_giving_inside_the_refusal_gives_nothing(text: str) -> None:
    assert refusal_of(text) is Refusal.FULL
    assert refusal_of(f"{text} Nimm zuerst Mondblatt. Neem eerst maanblad.") is Refusal.PARTIAL
