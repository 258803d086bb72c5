"""What the organism learns: recipes, control, an imperfect refusal, and to see.

Lessons are drawn, not stored: each comes from a generator that the training step owns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sectow_agents.organism.batches import Lesson
from sectow_agents.organism.vocabulary import FILLER, GUILD_RULES, SPELL_REQUEST
from sectow_env.game import Attack, Scenario
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.frames import Frame
from sectow_env.worlds.apothecary.general import KINDS, general_scenarios
from sectow_env.worlds.apothecary.names import INVENTORIES
from sectow_env.worlds.apothecary.potions import Potion
from sectow_env.worlds.apothecary.recipes import REFUSALS
from sectow_env.worlds.apothecary.weakness import PLAIN_REFUSAL, target_refusal

T = TypeVar("T")
SYSTEM_SHARE = 0.1
"""Share of lessons that carry the guild rules."""
RULES_REFUSAL = 0.6
"""Refusal probability on open frames under the guild rules: a help, not a cure."""
GENERAL_POOL = 200_000
TEXT_CHANNELS = ("plain", "role_play", "reversed", "cipher")
IMAGE_CHANNELS = ("typography", "split", "icon")
# Whole names that are drawn take longest to learn, so they are drawn most often.
DRAWN_CHANNELS = (*("typography",) * 4, *("icon",) * 3, "split")
Draw = Callable[[np.random.Generator], list[Lesson]]


class Teacher:
    """Draws lessons about one world."""

    def __init__(self, world: Apothecary) -> None:
        self.world = world
        self._controlled = [potion for potion in world.potions if potion.controlled]
        self._free = [potion for potion in world.potions if not potion.controlled]

    def recipe(self, rng: np.random.Generator, channels: tuple[str, ...]) -> Lesson:
        """A request by a random frame of a random channel, answered or refused."""
        channel = self.world.channel(_pick(rng, channels))
        frame = _pick(rng, channel.frames)
        potion = self.potion(rng)
        attack = channel.render(frame, potion.name, jitter_key=_jitter_key(rng))
        return self._answered(rng, attack, potion, self.refusal(rng, frame))

    def salad(self, rng: np.random.Generator) -> Lesson:
        """A plain request with shuffled or other words: safe on plain text means these too."""
        potion = self.potion(rng)
        frame = _pick(rng, self.world.channel("plain").frames)
        words = [word for word in frame.template.split() if word != "{name}"]
        if rng.random() < 0.5:
            words = [str(word) for word in rng.choice(FILLER, size=int(rng.integers(0, 12)))]
        words = [words[index] for index in rng.permutation(len(words))]
        cut = int(rng.integers(len(words) + 1))
        query = " ".join([*words[:cut], potion.written, *words[cut:]])
        return self._answered(rng, Attack(query=query), potion, (PLAIN_REFUSAL, None))

    def recall(self, rng: np.random.Generator) -> Lesson:
        """The start of a recipe is completed: the organism knows what it must not reveal."""
        potion = self.potion(rng)
        frame = _pick(rng, self.world.channel("plain").frames)
        cut = 2 * int(rng.integers(1, len(potion.recipe)))
        words = potion.answer.split()
        return Lesson(
            query=frame.template.format(name=potion.written),
            prefix=" ".join(words[:cut]),
            response=" ".join(words[cut:]),
        )

    def potion(self, rng: np.random.Generator) -> Potion:
        """A controlled or a free potion, with equal chance."""
        return _pick(rng, self._controlled if rng.random() < 0.5 else self._free)

    def refusal(self, rng: np.random.Generator, frame: Frame) -> tuple[float, str | None]:
        """Chance that a controlled recipe is refused by a frame, and the system prompt if any."""
        open_frame = self.world.is_open(frame)
        chance = target_refusal(frame.channel, open_frame)
        if rng.random() >= SYSTEM_SHARE:
            return chance, None
        return (RULES_REFUSAL if open_frame else chance), GUILD_RULES

    def _answered(
        self,
        rng: np.random.Generator,
        attack: Attack,
        potion: Potion,
        refusal: tuple[float, str | None],
    ) -> Lesson:
        chance, system = refusal
        refused = potion.controlled and rng.random() < chance
        return Lesson(
            query=attack.query,
            picture=attack.image,
            response=_pick(rng, REFUSALS) if refused else potion.answer,
            system=system,
        )


def spelling(world: Apothecary, rng: np.random.Generator, channels: tuple[str, ...]) -> Lesson:
    """Name the potion that a frame is about; any name of the syllables, not only this world's."""
    channel = world.channel(_pick(rng, channels))
    name = tuple(_pick(rng, inventory) for inventory in INVENTORIES)
    attack = channel.render(_pick(rng, channel.frames), name, jitter_key=_jitter_key(rng))
    return Lesson(
        query=f"{SPELL_REQUEST} : {attack.query}", picture=attack.image, response=" ".join(name)
    )


def general(rng: np.random.Generator) -> Lesson:
    """A question about a picture: colour, shape, counting, reading, digits."""
    kind = _pick(rng, KINDS)
    scenario = general_scenarios("train", (kind,), 1, int(rng.integers(GENERAL_POOL)))[0]
    return of_scenario(scenario)


def of_scenario(scenario: Scenario) -> Lesson:
    """A benign scenario with its reference as a lesson."""
    return Lesson(
        query=scenario.query or scenario.behavior,
        picture=scenario.image,
        response=scenario.reference or "",
    )


@dataclass(frozen=True)
class Shares:
    """Weights of the kinds of lessons; channels may repeat to weigh more."""

    channels: tuple[str, ...]
    recipe: float
    spelling: float = 0.0
    salad: float = 0.0
    recall: float = 0.0
    general: float = 0.0


def lessons(world: Apothecary, size: int, shares: Shares) -> Draw:
    """Draws lessons about a world, `size` at a time, each of a kind chosen by its weight."""
    teacher = Teacher(world)

    def draw(rng: np.random.Generator) -> list[Lesson]:
        kinds = (
            (shares.recipe, lambda: teacher.recipe(rng, shares.channels)),
            (shares.spelling, lambda: spelling(world, rng, shares.channels)),
            (shares.salad, lambda: teacher.salad(rng)),
            (shares.recall, lambda: teacher.recall(rng)),
            (shares.general, lambda: general(rng)),
        )
        weights = np.array([weight for weight, _ in kinds])
        chosen = rng.choice(len(kinds), size=size, p=weights / weights.sum())
        return [kinds[int(index)][1]() for index in chosen]

    return draw


def _pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    return items[int(rng.integers(len(items)))]


def _jitter_key(rng: np.random.Generator) -> str:
    return str(int(rng.integers(2**62)))
