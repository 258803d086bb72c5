"""Whether training data and items of suites ask the same: in words, nearly in words, by picture.

- `text`: the same words in the same order; case and punctuation do not count;
- `near_text`: the sets of words overlap by 0.8 or more (Jaccard);
- `picture`: the pictures look alike, by a perceptual hash.

Compared is what a request asks for, and its text where it has no picture: the text beside a picture
may be the same for every item. Fewer than four words beside a picture say nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, get_args

from pydantic import Field

from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.suites.cards import abouts
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.registry import find_suite
from sectow_benchmarks.suites.source import data_home
from sectow_env.display.console import Bar
from sectow_env.errors import MissingExtraError, SectowError
from sectow_env.game import Attack, Frozen, Scenario
from sectow_env.game.picture import Picture
from sectow_env.pool.duplicates import overlap, words_of
from sectow_env.pool.pictures import bands, look_alike, picture_hash

Kind = Literal["text", "near_text", "picture"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NEAR = 0.8
FEW = 4
Words = tuple[str, ...]


class Request(NamedTuple):
    """What a request asks, as it is compared."""

    texts: frozenset[Words]
    picture: int | None = None
    """Its perceptual hash; None without a picture that shows something."""

    @classmethod
    def of(cls, behavior: str, query: str | None, picture: Picture | None) -> Request:
        """Of a scenario or an attack on it.

        Raises:
            MissingExtraError: There is a picture, and ImageHash is not installed.
        """
        texts = cls.in_words(behavior, query, shown=picture is not None)
        return cls(texts, None if picture is None else picture_hash(picture))

    @staticmethod
    def in_words(behavior: str, query: str | None, *, shown: bool) -> frozenset[Words]:
        """Its texts alone, before a picture is opened."""
        parts = (behavior,) if shown else (behavior, query or "")
        texts = (tuple(words_of(part)) for part in parts)
        return frozenset(words for words in texts if len(words) >= (FEW if shown else 1))


class Corpus:
    """Requests by the names of their sources, and what is like them."""

    def __init__(self) -> None:
        self._exact: dict[Words, set[str]] = defaultdict(set)
        self._sets: dict[frozenset[str], set[str]] = defaultdict(set)
        self._having: dict[str, list[frozenset[str]]] = defaultdict(list)
        self._pictures: dict[str, set[tuple[int, str]]] = defaultdict(set)

    def add(self, name: str, request: Request) -> None:
        """Remember what a source asks."""
        for words in request.texts:
            self._exact[words].add(name)
            tokens = frozenset(words)
            if tokens not in self._sets:
                for token in tokens:
                    self._having[token].append(tokens)
            self._sets[tokens].add(name)
        if request.picture is not None:
            for band in bands(request.picture):
                self._pictures[band].add((request.picture, name))

    def like(self, request: Request) -> Mapping[Kind, set[str]]:
        """The sources that ask the same, by kind; a kind without any is left out."""
        names: dict[Kind, set[str]] = {
            "text": {name for words in request.texts for name in self._exact.get(words, ())},
            "near_text": {name for words in request.texts for name in self._near(words)},
            "picture": set(),
        }
        if request.picture is not None:
            names["picture"] = {
                name
                for band in bands(request.picture)
                for value, name in self._pictures.get(band, ())
                if look_alike(request.picture, value)
            }
        return {kind: some for kind, some in names.items() if some}

    def _near(self, words: Words) -> Iterable[str]:
        """Exactly those: whoever overlaps by so much has one of so many words, the rarest too."""
        tokens = frozenset(words)
        rarest = sorted(tokens, key=lambda token: (len(self._having.get(token, ())), token))
        needed = len(tokens) - math.ceil(NEAR * len(tokens) - 1e-9) + 1
        others = {each for token in rarest[:needed] for each in self._having.get(token, ())}
        return (
            name for other in others if overlap(tokens, other) >= NEAR for name in self._sets[other]
        )


class Checked(Frozen):
    """A suite that was compared."""

    items: int
    unread: int = 0
    """Items whose pictures are not on this machine: their texts alone were compared."""


class Installed(NamedTuple):
    """The suites of this machine, in one corpus."""

    corpus: Corpus
    checked: Mapping[str, Checked]
    unchecked: Mapping[str, str]
    """Suite -> why it was not compared. Nothing is known of the overlap with it."""


def installed_suites() -> Installed:
    """Read every registered suite whose data were fetched.

    Raises:
        MissingExtraError: ImageHash is not installed.
    """
    corpus, checked, unchecked = Corpus(), dict[str, Checked](), dict[str, str]()
    names = sorted(abouts())
    with Bar("suites to compare with", len(names)) as bar:
        for done, name in enumerate(names, start=1):
            try:
                items, unread = _read(name)
            except MissingExtraError:
                raise
            except SectowError as error:
                here = (data_home() / name).is_dir()
                unchecked[name] = error.why if here else "not on this machine"
            else:
                checked[name] = Checked(items=len(items), unread=unread)
                for request in items:
                    corpus.add(name, request)
            bar.update(done, name)
    return Installed(corpus, checked, unchecked)


def _read(name: str) -> tuple[list[Request], int]:
    """What its items ask, and of how many the picture is missing."""
    suite = find_suite(name)
    assert isinstance(suite, DataSuite)
    items, unread = [], 0
    for record in suite.records():
        picture, missing = _opened(record)
        unread += missing
        texts = Request.in_words(
            record.behavior or record.query, record.query, shown=record.picture is not None
        )
        items.append(Request(texts, None if picture is None else picture_hash(picture)))
    return items, unread


def _opened(record: Record) -> tuple[Picture | None, bool]:
    """Its picture, and whether it has one that is not here."""
    try:
        return (None if record.picture is None else record.picture()), False
    except SectowError:
        return None, True


def request_of(scenario: Scenario, attack: Attack | None = None) -> Request:
    """What a scenario asks, or an attack on it.

    Raises:
        MissingExtraError: There is a picture, and ImageHash is not installed.
    """
    if attack is None:
        return Request.of(scenario.behavior, scenario.query, scenario.image)
    return Request.of(scenario.behavior, attack.query, attack.image)


class Overlap(Frozen):
    """How many items of a suite are in training data: each kind counts what is of it."""

    items: int = Field(ge=0)
    any: int = Field(ge=0)
    """Of any kind; an item may be of several."""
    text: int = Field(ge=0)
    near_text: int = Field(ge=0)
    """Those of the same text too."""
    picture: int = Field(ge=0)

    @property
    def share(self) -> float | None:
        """Of the items with any overlap; None without items."""
        return self.any / self.items if self.items else None


def overlap_with(corpus: Corpus, items: Iterable[SuiteItem]) -> Overlap:
    """Compare the items of a suite, with their attacks, with training data."""
    like = [set(corpus.like(request_of(item.scenario, item.attack))) for item in items]
    counts = {kind: sum(kind in kinds for kinds in like) for kind in KINDS}
    return Overlap(items=len(like), any=sum(map(bool, like)), **counts)
