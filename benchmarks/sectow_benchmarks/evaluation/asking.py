"""Items of a suite put to a defender as the game plays them, their answers kept in a journal."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from sectow_benchmarks.results.completeness import all_answered
from sectow_benchmarks.results.journal import Journal, key_of, recall
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.tasks.documents import PLACEHOLDER
from sectow_env.game import Attack
from sectow_env.game.decoding import Decoding
from sectow_env.game.picture import Picture


class Answers(Protocol):
    """What a defender is asked items by."""

    @property
    def chunk(self) -> int | None:
        """Items that are asked between two writes of the journal; None leaves it to the journal."""
        ...

    def answer(
        self,
        items: Sequence[SuiteItem],
        decoding: Decoding,
        system: str | None,
        seeds: Sequence[int],
    ) -> Sequence[str | None]:
        """One answer per item's attack, in order, without the beginning that it continues.

        Raises:
            ConfigError: There is a beginning, and the defender cannot continue one.
        """
        ...


class ItemDefender:
    """A defender of the game that answers exactly these items.

    Each draw follows from the item's content alone: neither order nor batch changes it.

    Args:
        subject: Is asked for what the journal does not have.
        items: In the order in which the game plays them.
        decoding: How answers are drawn.
        system: System prompt.
        journal: Keeps the answers.
        progress: Called with the number of items that have just been answered.
    """

    def __init__(
        self,
        subject: Answers,
        items: Sequence[SuiteItem],
        decoding: Decoding,
        system: str | None,
        journal: Journal,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._subject = subject
        self._items = items
        self._decoding = decoding
        self._system = system
        self._journal = journal
        self._progress = progress

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One response per item; a prefilled one starts with its prefix."""
        assert len(attacks) == len(self._items), "every item counts, and is asked once"
        decoding, system = self._decoding, self._system
        digests = item_digests(self._items, system, decoding.seed)

        def ask(chosen: list[int]) -> list[str]:
            return all_answered(
                self._subject.answer(
                    [self._items[index] for index in chosen],
                    decoding,
                    system,
                    [int(digests[index][:16], 16) >> 1 for index in chosen],
                )
            )

        keys = [key_of(repr(decoding), digest) for digest in digests]
        answers = recall(self._journal, keys, ask, self._subject.chunk, self._progress)
        return [
            f"{item.prefix} {(answer or '').lstrip()}" if item.prefix else answer or ""
            for item, answer in zip(self._items, answers, strict=True)
        ]


def item_digests(items: Sequence[SuiteItem], system: str | None, seed: int) -> list[str]:
    """A digest per item of what is asked, the seed, and how often the same came before.

    The text is what an export of the item through lm-eval renders, so that both draw alike.
    """
    return content_digests(
        (_rendered(item, system) for item in items), (_pixels(item) for item in items), seed
    )


def content_digests(
    texts: Iterable[str], pictures: Iterable[Iterable[bytes]], seed: int
) -> list[str]:
    """A digest per question, of its text, its pixels, the seed, and its earlier repetitions."""
    repeated: Counter[bytes] = Counter()
    digests = []
    for text, shown in zip(texts, pictures, strict=True):
        digest = hashlib.sha256(text.encode())
        for pixels in shown:
            digest.update(pixels)
        key = digest.digest()
        digest.update(f"{seed}/{repeated[key]}".encode())
        repeated[key] += 1
        digests.append(digest.hexdigest())
    return digests


def _rendered(item: SuiteItem, system: str | None) -> str:
    attack = item.attack
    system = attack.system if attack.system is not None else system
    chat = [{"role": "system", "content": system}] if system else []
    for turn in attack.history:
        chat.append({"role": "user", "content": _shown(turn.image) + turn.query})
        chat.append({"role": "assistant", "content": turn.response})
    chat.append({"role": "user", "content": _shown(attack.image) + attack.query})
    if item.prefix:
        chat.append({"role": "assistant", "content": item.prefix})
    return json.dumps({"chat": chat, "answer": not item.prefix})


def _shown(picture: Picture | None) -> str:
    return "" if picture is None else PLACEHOLDER


def _pixels(item: SuiteItem) -> Iterator[bytes]:
    for picture in (*(turn.image for turn in item.attack.history), item.attack.image):
        if picture is not None:
            yield picture.pixels.tobytes()
