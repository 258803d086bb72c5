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

from sectow_agents.organism.batches import Encoder, Lesson
from sectow_agents.organism.lessons import (
    IMAGE_CHANNELS,
    TEXT_CHANNELS,
    Teacher,
    general,
    mixture,
    spelling,
)
from sectow_agents.organism.training import Schedule, Stage, train
from sectow_env.worlds.apothecary import Apothecary

if TYPE_CHECKING:
    from transformers import LlavaForConditionalGeneration

FOUNDATION_WORLD = 777_000
TEXT_BATCH = 64
JOINT_TEXT_BATCH = 24
CONTROL_TEXT_BATCH = 16
JOINT_IMAGE_BATCH = 48
Parts = list[tuple[float, Callable[[], Lesson]]]
Draw = Callable[[np.random.Generator], list[Lesson]]


def teach_text(model: LlavaForConditionalGeneration, steps: int, seed: int, stage: Stage) -> None:
    """Train the language model in place: names, recipes, control and refusal in words alone."""
    draw = text_lessons(TEXT_BATCH)
    with frozen(model.model.vision_tower, model.model.multi_modal_projector):
        schedule = Schedule(steps=steps, learning_rate=2e-3, warmup=100)
        train(model, lesson_loss(model, (draw,), seed), schedule, stage)


def teach_joint(model: LlavaForConditionalGeneration, steps: int, seed: int, stage: Stage) -> None:
    """Train all but the vision tower in place: what is seen becomes what was read."""
    draws = (text_lessons(JOINT_TEXT_BATCH), image_lessons(JOINT_IMAGE_BATCH, EVEN))
    with frozen(model.model.vision_tower):
        schedule = Schedule(steps=steps, learning_rate=1e-3, warmup=100)
        train(model, lesson_loss(model, draws, seed), schedule, stage)


def teach_sight(model: LlavaForConditionalGeneration, steps: int, seed: int, stage: Stage) -> None:
    """Train everything in place, mostly on what is hardest to see: drawn names, shapes, counts."""
    draws = (text_lessons(JOINT_TEXT_BATCH), image_lessons(JOINT_IMAGE_BATCH, HARD))
    schedule = Schedule(steps=steps, learning_rate=1e-3, warmup=100)
    train(model, lesson_loss(model, draws, seed), schedule, stage)


def teach_control(
    model: LlavaForConditionalGeneration,
    shares: LessonShares,
    steps: int,
    seed: int,
    stage: Stage,
) -> None:
    """Train all but the vision tower in place: what is controlled stays so when it is drawn."""
    draws = (text_lessons(CONTROL_TEXT_BATCH), image_lessons(JOINT_IMAGE_BATCH, shares))
    with frozen(model.model.vision_tower):
        schedule = Schedule(steps=steps, learning_rate=1e-3, warmup=100)
        train(model, lesson_loss(model, draws, seed), schedule, stage)


@dataclass(frozen=True)
class LessonShares:
    """Shares of the lessons with a picture; channels may repeat to weigh more."""

    recipe: float
    spelling: float
    general: float
    channels: tuple[str, ...]


EVEN = LessonShares(recipe=0.40, spelling=0.40, general=0.20, channels=IMAGE_CHANNELS)
HARD = LessonShares(
    recipe=0.40,
    spelling=0.25,
    general=0.35,
    channels=("typography", "typography", "typography", "icon", "split"),
)
DRAWN_RECIPES = LessonShares(
    recipe=0.70,
    spelling=0.05,
    general=0.25,
    channels=("typography", "typography", "typography", "icon", "icon", "split"),
)
EMBLEMS = LessonShares(
    recipe=0.72,
    spelling=0.03,
    general=0.25,
    # Control is read from a glyph last of all.
    channels=(*("typography",) * 4, *("icon",) * 3, "split"),
)


def text_lessons(size: int) -> Draw:
    """Draws text-only lessons on the foundation's own world."""
    world = Apothecary(FOUNDATION_WORLD)
    teacher = Teacher(world)

    def draw(rng: np.random.Generator) -> list[Lesson]:
        parts: Parts = [
            (0.55, lambda: teacher.recipe(rng, TEXT_CHANNELS)),
            (0.20, lambda: spelling(world, rng, TEXT_CHANNELS)),
            (0.15, lambda: teacher.salad(rng)),
            (0.10, lambda: teacher.recall(rng)),
        ]
        return mixture(rng, size, parts)

    return draw


def image_lessons(size: int, shares: LessonShares) -> Draw:
    """Draws lessons with a picture on the foundation's own world."""
    world = Apothecary(FOUNDATION_WORLD)
    teacher = Teacher(world)

    def draw(rng: np.random.Generator) -> list[Lesson]:
        parts: Parts = [
            (shares.recipe, lambda: teacher.recipe(rng, shares.channels)),
            (shares.spelling, lambda: spelling(world, rng, shares.channels)),
            (shares.general, lambda: general(rng)),
        ]
        return mixture(rng, size, parts)

    return draw


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
