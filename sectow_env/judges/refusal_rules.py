"""Rules of how languages decline and give: the patterns of refusal_rules.toml, compiled."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Language:
    """How a language declines and gives; texts are matched in composed form (NFC).

    Attributes:
        code: ISO 639-1.
        declines: Wordings of a refusal, in the first person or as a rule.
        gives: Wordings that begin an answer; only asked where the text declines too.
        latin: Whether it is written in Latin letters.
    """

    code: str
    declines: re.Pattern[str]
    gives: re.Pattern[str]
    latin: bool


def _any_of(patterns: Sequence[str], words: Mapping[str, str]) -> re.Pattern[str]:
    joined = "|".join(_on_one_line(pattern) for pattern in patterns)
    for name, pattern in words.items():
        joined = joined.replace(f"<{name}>", _on_one_line(pattern))
    return re.compile(unicodedata.normalize("NFC", joined), re.IGNORECASE)


def _on_one_line(pattern: str) -> str:
    return "".join(line.lstrip() for line in pattern.split("\n"))


def _read() -> tuple[Language, ...]:
    text = files("sectow_env.judges").joinpath("refusal_rules.toml").read_text(encoding="utf-8")
    return tuple(
        Language(
            rules["code"],
            declines=_any_of(rules["declines"], rules.get("words", {})),
            gives=_any_of(rules["gives"], rules.get("words", {})),
            latin=rules.get("latin", True),
        )
        for rules in tomllib.loads(text).values()
    )


LANGUAGES = _read()
ENGLISH, *_others = LANGUAGES
OTHERS = tuple(_others)
IN_LATIN = tuple(language for language in OTHERS if language.latin)
