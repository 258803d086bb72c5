"""Stage one of the build: vision tower and language, shared by all worlds.

First the tower learns to see alone; then the whole model learns, on a world of its own that no
experiment uses, what every world has in common: the frames, the forms a name can take, how a
recipe is given or refused, and the general questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from sectow_agents.organism.batches import Encoder
from sectow_agents.organism.lessons import (
    DRAWN_CHANNELS,
    IMAGE_CHANNELS,
    TEXT_CHANNELS,
    Draw,
    Shares,
    lessons,
)
from sectow_agents.organism.training import Schedule, Stage, train
from sectow_env.worlds.apothecary import Apothecary

if TYPE_CHECKING:
    from transformers import LlavaForConditionalGeneration

    from sectow_agents.organism.build import Effort

FOUNDATION_WORLD = 777_000
TEXT_BATCH = 64
JOINT_TEXT_BATCH = 24
CONTROL_TEXT_BATCH = 16
JOINT_IMAGE_BATCH = 48
EYES = ("vision_tower",)
SIGHT = (*EYES, "multi_modal_projector")
_NAMES = ("typography",) * 3
WORDS = Shares(TEXT_CHANNELS, recipe=0.55, spelling=0.20, salad=0.15, recall=0.10)
EVEN = Shares(IMAGE_CHANNELS, recipe=0.40, spelling=0.40, general=0.20)
HARD = Shares((*_NAMES, "icon", "split"), recipe=0.40, spelling=0.25, general=0.35)
DRAWN_RECIPES = Shares((*_NAMES, "icon", "icon", "split"), recipe=0.70, spelling=0.05, general=0.25)
# Control is read from a glyph last of all.
EMBLEMS = Shares(DRAWN_CHANNELS, recipe=0.72, spelling=0.03, general=0.25)


@dataclass(frozen=True)
class Course:
    """One stage of the build after the eyes: which lessons, and what they may change."""

    name: str
    steps: int
    seed: int
    draws: tuple[Draw, ...]
    learning_rate: float = 1e-3
    warmup: int = 100
    frozen: tuple[str, ...] = ()
    """Modules that stay as they are."""


def teach(model: LlavaForConditionalGeneration, course: Course, stage: Stage) -> None:
    """Train a model in place by the lessons of a course."""
    schedule = Schedule(course.steps, course.learning_rate, course.warmup)
    with frozen(*(getattr(model.model, name) for name in course.frozen)):
        train(model, lesson_loss(model, course.draws, course.seed), schedule, stage)


def foundation_courses(effort: Effort, seed: int) -> tuple[Course, ...]:
    """What every world has in common, in the order in which it is learned."""
    world = Apothecary(FOUNDATION_WORLD)
    words, fewer = (lessons(world, size, WORDS) for size in (JOINT_TEXT_BATCH, CONTROL_TEXT_BATCH))

    def seen(shares: Shares) -> Draw:
        return lessons(world, JOINT_IMAGE_BATCH, shares)

    return (
        # Names, recipes, control and refusal in words alone.
        Course("text", effort.text, seed, (lessons(world, TEXT_BATCH, WORDS),), 2e-3, frozen=SIGHT),
        # What is seen becomes what was read.
        Course("joint", effort.joint, seed + 1, (words, seen(EVEN)), frozen=EYES),
        # Mostly what is hardest to see: drawn names, shapes, counts.
        Course("sight", effort.sight, seed + 2, (words, seen(HARD))),
        # What is controlled stays so when it is drawn.
        Course("control", effort.control, seed + 3, (fewer, seen(DRAWN_RECIPES)), frozen=EYES),
        Course("emblems", effort.emblems, seed + 4, (fewer, seen(EMBLEMS)), frozen=EYES),
    )


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Leave these modules as they are while the rest is trained."""
    for module in modules:
        module.requires_grad_(False)
    try:
        yield
    finally:
        for module in modules:
            module.requires_grad_(True)


def lesson_loss(
    model: LlavaForConditionalGeneration, draws: tuple[Draw, ...], seed: int
) -> Callable[[int], torch.Tensor]:
    """The loss of a step: mean token cross-entropy of each group of lessons, summed.

    Text-only and picture lessons are batched separately: a batch has pictures or none.
    """
    encoder = Encoder()

    def loss(step: int) -> torch.Tensor:
        rng = np.random.Generator(np.random.PCG64([seed, 12, step]))
        total = torch.zeros(())
        for draw in draws:
            total = total + model(**encoder.batch(draw(rng))).loss
        return total

    return loss
