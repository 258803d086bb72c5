"""Stage two of the build: one world's recipes, control and weaknesses, for both seats.

The vision tower is frozen: syllables and glyphs are the same in every world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sectow_agents.organism.batches import Lesson
from sectow_agents.organism.foundation import EYES, SIGHT, Course
from sectow_agents.organism.lessons import DRAWN_CHANNELS, TEXT_CHANNELS, Shares, lessons
from sectow_agents.organism.vocabulary import ATTACK_REQUEST
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import RL_CHANNELS
from sectow_env.worlds.apothecary.frames import Frame
from sectow_env.worlds.apothecary.names import INVENTORIES
from sectow_env.worlds.grammar import FreeForm, Slots, write

if TYPE_CHECKING:
    from sectow_agents.organism.build import Effort

TEXT_BATCH = 64
JOINT_TEXT_BATCH = 16
JOINT_IMAGE_BATCH = 48
ATTACKER_BATCH = 64
WORDS = Shares(TEXT_CHANNELS, recipe=0.70, salad=0.15, recall=0.15)
PICTURES = Shares(DRAWN_CHANNELS, recipe=0.88, general=0.12)
OPEN_SHARE = 0.15
"""Weight of an open frame beside a guarded one in the attacker's dull warm start."""
FREE_SHARE = 0.5
"""Share of free-form attacks, which are longer and so harder to write."""
PLAIN_SHARE = 0.7
"""Share of plain-text attacks in the free-form warm start."""


def defender_courses(world: Apothecary, effort: Effort, seed: int) -> tuple[Course, ...]:
    """The base defender: the world in words alone, then in words and pictures."""
    words = (lessons(world, TEXT_BATCH, WORDS),)
    both = (
        lessons(world, JOINT_TEXT_BATCH, WORDS),
        lessons(world, JOINT_IMAGE_BATCH, PICTURES),
    )
    return (
        Course("defender-text", effort.world_text, seed, words, 2e-3, 50, SIGHT),
        Course("defender-joint", effort.world_joint, seed + 1, both, warmup=20, frozen=EYES),
    )


def attacker_courses(world: Apothecary, effort: Effort, seed: int) -> tuple[Course, ...]:
    """The base attacker: dull, but on behavior."""

    def attacks(rng: np.random.Generator) -> list[Lesson]:
        return [attack_lesson(world, rng) for _ in range(ATTACKER_BATCH)]

    return (Course("attacker", effort.attacker, seed + 2, (attacks,), 2e-3, 30, SIGHT),)


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
