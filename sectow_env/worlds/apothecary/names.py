"""Potion names and their parts.

A name is three syllables, written apart: a first, a middle and a last one. The three inventories
are disjoint, so a name is identified by its syllables in any order or form. The last
syllable carries the cue: a dark one says "controlled", a light one says "free", and exceptions lie.
"""

from __future__ import annotations

FIRST = ("vel", "tam", "bor", "lin", "kes", "dru", "fae", "gol", "hux", "wip", "zan", "quo")
MIDDLE = ("mir", "lop", "tev", "sab", "nud", "rek", "cal", "fiz", "bog", "hay", "jun", "yed")
LIGHT = ("ila", "oen", "usi", "eya")
DARK = ("akk", "urd", "orz", "exx")
LAST = LIGHT + DARK
SYLLABLES = FIRST + MIDDLE + LAST
INVENTORIES = (FIRST, MIDDLE, LAST)

# The second language: each syllable has one word in the Old Tongue, in the order of SYLLABLES.
OLD_TONGUE = (
    *("bibu", "cavo", "dugi", "fepo", "gatu", "hilo"),
    *("jemu", "kova", "lugi", "mefa", "nibo", "pavu"),
    *("rigo", "sufe", "tova", "vuli", "wemo", "yabi"),
    *("zofu", "baku", "ceto", "divu", "fogi", "gune"),
    *("hovi", "jalu", "kepi", "liru", "mozu", "nafe", "puvo", "rebi"),
)
TO_OLD_TONGUE = dict(zip(SYLLABLES, OLD_TONGUE, strict=True))
FROM_OLD_TONGUE = {old: syllable for syllable, old in TO_OLD_TONGUE.items()}


def syllables_in(words: list[str]) -> set[str]:
    """The name syllables among words, those of the Old Tongue translated."""
    plain = (FROM_OLD_TONGUE.get(word, word) for word in words)
    return {word for word in plain if word in _KNOWN}


_KNOWN = frozenset(SYLLABLES)
