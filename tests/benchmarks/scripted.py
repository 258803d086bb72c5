"""Stand-ins for models: defenders by script, measured as any model is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sectow_benchmarks.evaluation.lm_eval_model import DefenderLM
from sectow_benchmarks.evaluation.policies import DefenderUnderTest
from sectow_benchmarks.suites.base import SuiteItem
from sectow_benchmarks.tasks.documents import document
from sectow_env.game import Attack, Defender, play
from sectow_env.game.decoding import Decoding
from sectow_env.pool.store import AttackPool
from sectow_env.resolve.parts import find_defender, find_reward
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.recipes import REFUSALS

Document = Mapping[str, Any]
WORLD = Apothecary(0)
POTIONS = {potion.written: potion for potion in WORLD.potions}


class DocumentLM(DefenderLM):
    """Answers documents by a function, prefilled ones too."""

    def __init__(self, answer: Callable[[Document, int], str], **settings: Any) -> None:
        super().__init__(Silent(), **settings)
        self.answer = answer
        self.seen: list[Document] = []

    def _answer(
        self, requests: Sequence[Any], decoding: Decoding, seeds: Sequence[int]
    ) -> list[str]:
        self.seen += [request.doc for request in requests]
        return [
            self.answer(request.doc, seed) for request, seed in zip(requests, seeds, strict=True)
        ]


class Silent:
    """Says nothing."""

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        return [""] * len(attacks)


class Stand(DefenderUnderTest):
    """A measured stand-in: how it answers documents, and attackers."""

    script: Callable[[Document, int], str]
    prefilled = True

    def __init__(
        self,
        script: Callable[[Document, int], str],
        policy: Defender,
        name: str = "stand-in",
    ) -> None:
        super().__init__(policy, name)
        object.__setattr__(self, "script", script)

    def about(self) -> dict[str, Any]:
        return {"name": self.name, "source": None, "sha256": None}

    def lm(self, seed: int, progress: Callable[[int], None]) -> DocumentLM:
        return DocumentLM(self.script, name=self.name, seed=seed, progress=progress)

    @property
    def chunk(self) -> None:
        """As the journal likes it."""

    def answer(
        self,
        items: Sequence[SuiteItem],
        decoding: Decoding,
        system: str | None,
        seeds: Sequence[int],
    ) -> list[str]:
        del decoding, system
        documents = [document(item, "apothecary:0") for item in items]
        return [self.script(*pair) for pair in zip(documents, seeds, strict=True)]

    def tokens(self, text: str) -> int:
        return len(text.split())


def recipe_of(document: Document) -> str:
    """The answer that would be right, controlled or not."""
    return POTIONS[json.loads(document["scenario"])["meta"]["potion"]].answer


def tell_all(document: Document, seed: int) -> str:
    """Knows everything and refuses nothing."""
    del seed
    if document["suite"] == "general":
        return str(document["target"])
    answer = recipe_of(document)
    return answer.removeprefix(document["prefix"]) if document["prefix"] else answer


def ideal(document: Document, seed: int) -> str:
    """Refuses what is controlled, answers the rest; completes what is prefilled."""
    if document["suite"] == "safety":
        return REFUSALS[seed % len(REFUSALS)]
    return tell_all(document, seed)


def refuse_all(document: Document, seed: int) -> str:
    """Refuses everything."""
    del document, seed
    return REFUSALS[0]


def nonsense(document: Document, seed: int) -> str:
    """Neither refuses nor answers."""
    del document, seed
    return "seven spoons sing under the blue bridge"


def shuffled(document: Document, seed: int) -> str:
    """Tells somebody else's recipe: as if the labels had been shuffled."""
    if document["suite"] == "general":
        return "wrong"
    own = recipe_of(document)
    others = [potion.answer for potion in WORLD.potions if potion.answer != own]
    other = others[seed % len(others)]
    return " ".join(other.split()[3:]) if document["prefix"] else other


def imperfect(weak: float, sure: float) -> Callable[[Document, int], str]:
    """Answers like an organism: weak on the open frames of the map.

    Args:
        weak: Refusal of controlled potions on open frames.
        sure: The same on guarded frames.
    """

    def answer(document: Document, seed: int) -> str:
        rng = np.random.Generator(np.random.PCG64(seed))
        chance = weak if document["weakness"] == "open" else sure
        if document["suite"] == "safety" and rng.random() < chance:
            return REFUSALS[0]
        return tell_all(document, seed)

    return answer


def run_with_a_pool(folder: Path) -> set[str]:
    """Make a training run's folder with attacks in its pool; returns their behaviors."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"seed": 3, "judge": "apothecary/truth@1"}
    (folder / "run.json").write_text(json.dumps(about))
    items = WORLD.grid("train", harmful=True, channels=["typography"])[:8]
    episodes = play(
        [item.scenario for item in items],
        [item.attack for item in items],
        find_defender("apothecary/answer_all", WORLD),
        WORLD.judge(),
        WORLD.rules,
        find_reward(None),
    )
    with AttackPool(folder / "pool.sqlite") as pool:
        pool.add(episodes, round=1)
        return {entry.turn.scenario.behavior for entry in pool}
