"""What a language's rules are made of."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """How a language declines and gives.

    Attributes:
        code: ISO 639-1.
        declines: Wordings of a refusal, in the first person or as a rule.
        gives: Wordings that begin an answer; only asked where the text declines too.
    """

    code: str
    declines: re.Pattern[str]
    gives: re.Pattern[str]


def language(code: str, declines: tuple[str, ...], gives: tuple[str, ...]) -> Language:
    """Rules from patterns, in any letter case; texts are matched in composed form (NFC)."""
    return Language(code, _any_of(declines), _any_of(gives))


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(unicodedata.normalize("NFC", "|".join(patterns)), re.IGNORECASE)
