"""Words that a native reader stumbles over: banned in the rooms that are already free of them."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PAGES = (
    *("extending", "game", "index", "judges", "limits", "measurement", "models", "packs"),
    *("statistics", "submissions", "suites", "training", "world"),
)
CLEAN = (
    "benchmarks/sectow_benchmarks",
    "perf",
    "tests/benchmarks",
    "CONTRIBUTING.md",
    "agents/sectow_agents",
    *(f"docs/{page}.md" for page in PAGES),
    "README.md",
    "examples",
    "sectow_env",
    "tests/agents",
    "tests/env",
)
"""Files and folders that are checked; to check more, add them here."""
TEXT: Mapping[str, str] = {
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\b(it|that|which|what) (is|are) no (?!longer\b)\w": "is not a",
    r"\bthere is none\b": "there are none, or not found",
    r"\b(one|an?) (?!of\b)[a-z]+ an? (answer|line|word|syllable|step|scenario|item|batch|"
    r"environment|generator|turn|check|file|row|seed)\b": "one X per Y",
    r"\b(is|are) told\b": "is called with, is shown",
    r"\b[Aa]ssailants?\b|\bassault(s|ed)?\b": "attacker under test, run the attacker",
    r"\bhalf (of )?a character\b": "unpaired surrogate",
    r"\bhouse[ _]?polic": "default policies",
    r"\bspoken\b": "the answer without thinking",
    r"\bbegun\b|\bgoes on\b": "started, continues, resumes",
    r"\bstands? in\b(?! for)": "is in",
    r"\bin batches of a kind\b": "same-modality batches",
    r"\bshall\b": "must, should",
}
"""Pattern -> what to write instead; looked for in comments, texts and documentation."""
NAMES: Mapping[str, str] = {
    "told|tell|said|says|found|asked|wanted|there|one": "the noun",
    "lacking|strange": "missing, unexpected",
    r"\w*(assailant|assault|house_polic)\w*": "attacker, default policies",
    "salt|birth": "jitter_key, build_record",
}
"""Pattern of whole names, whatever underscores lead them -> what to write instead."""
ALLOWED = frozenset(
    {
        # A check's published name.
        ("sectow_env/check/worlds.py", "house_policies_play"),
        ("tests/env/check/broken_worlds.py", "house_polic"),
        # Templates of the world decide its fingerprint.
        ("sectow_env/worlds/apothecary/frames.py", "spoken"),
    }
)
"""File and words that stay."""
_TEXT = {pattern: re.compile(pattern) for pattern in TEXT}
_NAMES = {pattern: re.compile(rf"_*({pattern})", re.IGNORECASE) for pattern in NAMES}


def banned(source: str, python: bool = True) -> Iterator[tuple[int, str, str]]:
    """Line, words and replacement of everything that is banned in a text."""
    for token, line, is_name in _pieces(source) if python else ((source, 1, False),):
        if is_name:
            yield from (
                (line, token, NAMES[key])
                for key, pattern in _NAMES.items()
                if pattern.fullmatch(token)
            )
            continue
        for key, pattern in _TEXT.items():
            for match in pattern.finditer(token):
                yield line + token.count("\n", 0, match.start()), match[0], TEXT[key]


def _pieces(source: str) -> Iterator[tuple[str, int, bool]]:
    """Names, comments and strings of a module, each with its line and whether it is a name."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.NAME, tokenize.COMMENT, tokenize.STRING}:
            yield token.string, token.start[0], token.type == tokenize.NAME


def files(root: Path) -> Iterator[Path]:
    for path in map(root.joinpath, CLEAN):
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def test_clean_rooms_stay_clean(root: Path) -> None:
    left = [
        f"{name}:{line}: {words!r}, write {instead}"
        for file in files(root)
        for name in [file.relative_to(root).as_posix()]
        for line, words, instead in banned(file.read_text(encoding="utf-8"), file.suffix == ".py")
        if (name, words) not in ALLOWED
    ]
    assert left == []


MUTANTS: Mapping[str, str] = dict(
    zip(
        (*TEXT, *NAMES),
        (
            "# fix what a user can mend",
            'why = "it is no picture"',
            '"""Raises it where there is none."""',
            '"""One result, and one answer an item."""',
            "# the attacker is told",
            "# an Assailant",
            'why = f"{name} is half a character"',
            '"""Its house policies."""',
            "# what was spoken",
            "# an episode goes on",
            "# it stands in the info",
            '"""In batches, in batches of a kind."""',
            "# it shall refuse",
            "found = 3",
            "_lacking = 3",
            "class Assailant: ...",
            "def draw(salt): ...",
        ),
        strict=True,
    )
)


@pytest.mark.parametrize("pattern", MUTANTS)
def test_a_banned_word_is_seen(pattern: str) -> None:
    instead = {**TEXT, **NAMES}[pattern]
    assert instead in {seen for _, _, seen in banned(MUTANTS[pattern] + "\n")}


@pytest.mark.parametrize(
    "source",
    [
        "# fixed; it is no longer open, and there is no file",
        'why = "one answer per item"',
        "finding = None  # an attack is refused",
        "# a stand-in, which stands in for a name",
    ],
)
def test_plain_english_is_not_banned(source: str) -> None:
    assert list(banned(source + "\n")) == []


def test_the_line_is_that_of_the_word() -> None:
    assert [line for line, *_ in banned('"""Text.\n\nYou can mend it."""\n')] == [3]
    assert [line for line, *_ in banned("# Page\n\nmended\n", python=False)] == [3]
