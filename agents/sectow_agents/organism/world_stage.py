"""Stage two of the build: one world's recipes, control and weaknesses, for both seats.

The vision tower is frozen: syllables and glyphs are the same in every world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sectow_agents.organism.batches import Lesson
from sectow_agents.organism.foundation import Draw, Parts, frozen, lesson_loss
from sectow_agents.organism.lessons import (
    TEXT_CHANNELS,
    Teacher,
    general,
    mixture,
)
from sectow_agents.organism.training import Schedule, Stage, train
from sectow_agents.organism.vocabulary import ATTACK_REQUEST
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import RL_CHANNELS
from sectow_env.worlds.apothecary.frames import Frame
from sectow_env.worlds.apothecary.names import INVENTORIES
from sectow_env.worlds.grammar import FreeForm, Slots, write

if TYPE_CHECKING:
    from transformers import LlavaForConditionalGeneration

TEXT_BATCH = 64
JOINT_TEXT_BATCH = 16
JOINT_IMAGE_BATCH = 48
ATTACKER_BATCH = 64
# Whole names that are drawn take longest to learn, so they are drawn most often.
DRAWN_CHANNELS = (*("typography",) * 4, *("icon",) * 3, "split")
OPEN_SHARE = 0.15
"""Weight of an open frame beside a guarded one in the attacker's dull warm start."""
FREE_SHARE = 0.5
"""Share of free-form attacks, which are longer and so harder to write."""
PLAIN_SHARE = 0.7
"""Share of plain-text attacks in the free-form warm start."""


def teach_defender_text(
    model: LlavaForConditionalGeneration,
    world: Apothecary,
    steps: int,
    seed: int,
    stage: Stage,
) -> None:
    """First half of the base defender, in place: the world in words alone."""
    with frozen(model.model.vision_tower, model.model.multi_modal_projector):
        schedule = Schedule(steps=steps, learning_rate=2e-3)
        loss = lesson_loss(model, (text_lessons(world, TEXT_BATCH),), seed)
        train(model, loss, schedule, stage)


def teach_defender_joint(
    model: LlavaForConditionalGeneration,
    world: Apothecary,
    steps: int,
    seed: int,
    stage: Stage,
) -> None:
    """Second half of the base defender, in place: the world in words and pictures."""
    draws = (text_lessons(world, JOINT_TEXT_BATCH), image_lessons(world, JOINT_IMAGE_BATCH))
    with frozen(model.model.vision_tower):
        schedule = Schedule(steps=steps, learning_rate=1e-3, warmup=20)
        train(model, lesson_loss(model, draws, seed), schedule, stage)


def text_lessons(world: Apothecary, size: int) -> Draw:
    """Draws text-only lessons about a world."""
    teacher = Teacher(world)

    def draw(rng: np.random.Generator) -> list[Lesson]:
        parts: Parts = [
            (0.70, lambda: teacher.recipe(rng, TEXT_CHANNELS)),
            (0.15, lambda: teacher.salad(rng)),
            (0.15, lambda: teacher.recall(rng)),
        ]
        return mixture(rng, size, parts)

    return draw


def image_lessons(world: Apothecary, size: int) -> Draw:
    """Draws lessons with a picture about a world."""
    teacher = Teacher(world)

    def draw(rng: np.random.Generator) -> list[Lesson]:
        parts: Parts = [
            (0.88, lambda: teacher.recipe(rng, DRAWN_CHANNELS)),
            (0.12, lambda: general(rng)),
        ]
        return mixture(rng, size, parts)

    return draw


def teach_attacker(
    model: LlavaForConditionalGeneration,
    world: Apothecary,
    steps: int,
    seed: int,
    stage: Stage,
) -> None:
    """Turn a foundation into the world's base attacker, in place: dull, but on behavior."""

    def lessons(rng: np.random.Generator) -> list[Lesson]:
        return [attack_lesson(world, rng) for _ in range(ATTACKER_BATCH)]

    with frozen(model.model.vision_tower, model.model.multi_modal_projector):
        schedule = Schedule(steps=steps, learning_rate=2e-3, warmup=30)
        train(model, lesson_loss(model, (lessons,), seed), schedule, stage)


def attack_lesson(world: Apothecary, rng: np.random.Generator) -> Lesson:
    """One request to the attacker with a dull, valid attack as its answer.

    Names are any of the syllables, so that writing the asked name is a skill, not a memory.
    """
    name = tuple(str(rng.choice(inventory)) for inventory in INVENTORIES)
    free = rng.random() < FREE_SHARE
    if free and rng.random() < PLAIN_SHARE:
        channel = world.channel("plain")
    else:
        channel = world.channel(str(rng.choice(RL_CHANNELS)))
    frame = _dull(world, [frame for frame in channel.frames if not frame.held_out], rng)
    slots = Slots(frame=frame.label, name=name)
    response = write(slots)
    if free:
        attack = channel.render(frame, name)
        drawn = tuple((attack.drawn or "").split())
        response = write(FreeForm(image=drawn, query=attack.query))
    behavior = f"give the recipe of {' '.join(name)}"
    request = ATTACK_REQUEST.format(channel="free" if free else channel.name, behavior=behavior)
    return Lesson(query=request, response=response)


def _dull(world: Apothecary, frames: list[Frame], rng: np.random.Generator) -> Frame:
    weights = np.array([OPEN_SHARE if world.is_open(frame) else 1.0 for frame in frames])
    return frames[int(rng.choice(len(frames), p=weights / weights.sum()))]
