"""Items of a suite put to a defender as the game plays them, their answers kept in a journal."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sectow_benchmarks.results.completeness import all_answered
from sectow_benchmarks.results.journal import Journal, key_of, recall
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.tasks.documents import PLACEHOLDER
from sectow_env.game import Attack
from sectow_env.game.decoding import Decoding
from sectow_env.game.picture import Picture

if TYPE_CHECKING:
    from sectow_benchmarks.evaluation.policies import DefenderUnderTest


@dataclass(frozen=True)
class ItemDefender:
    """A defender of the game that answers exactly these items.

    Each draw follows from the item's content alone: neither order nor batch changes it.
    """

    subject: DefenderUnderTest
    """Is asked for what the journal does not have."""
    items: Sequence[SuiteItem]
    """In the order in which the game plays them."""
    decoding: Decoding
    system: str | None
    journal: Journal
    progress: Callable[[int], None] | None = None
    """Called with the number of items that have just been answered."""

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One response per item; a prefilled one starts with its prefix."""
        assert len(attacks) == len(self.items), "every item counts, and is asked once"
        return self.answers(range(len(self.items)))

    def answers(self, places: Sequence[int]) -> list[str]:
        """The responses to the items at some places."""
        digests = item_digests(self.items, self.system, self.decoding.seed)
        items = [self.items[place] for place in places]
        seeds = [int(digests[place][:16], 16) >> 1 for place in places]

        def ask(chosen: list[int]) -> list[str]:
            some, draws = [items[index] for index in chosen], [seeds[index] for index in chosen]
            return all_answered(self.subject.answer(some, self.decoding, self.system, draws))

        keys = [key_of(repr(self.decoding), digests[place]) for place in places]
        answers = recall(self.journal, keys, ask, self.subject.chunk, self.progress)
        return [
            f"{item.prefix} {(answer or '').lstrip()}" if item.prefix else answer or ""
            for item, answer in zip(items, answers, strict=True)
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
