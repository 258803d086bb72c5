"""Foundation, part one: the vision tower learns to read and to see, alone.

Classification heads on attention-pooled patch features teach it letters, glyphs, colours, shapes,
counts and digits; they are discarded. Without this, the whole model ignores its image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import nn

from sectow_agents.organism.batches import to_pixels
from sectow_agents.organism.training import Schedule, Stage, train
from sectow_env.game.picture import Picture
from sectow_env.images.emblem import draw_emblem
from sectow_env.images.typography import draw_words
from sectow_env.worlds.apothecary.general import KINDS, general_scenarios
from sectow_env.worlds.apothecary.names import INVENTORIES, SYLLABLES

if TYPE_CHECKING:
    from transformers import LlavaForConditionalGeneration

BATCH = 96
IGNORE = -100


class Seen(NamedTuple):
    """A picture and the class of each head that it answers."""

    picture: Picture
    classes: dict[str, int]


def head_sizes() -> dict[str, int]:
    """Classes of every head: three lines of type, three glyphs, and one per general question."""
    sizes = {f"line{index}": len(SYLLABLES) for index in range(3)}
    sizes |= {f"glyph{index}": len(SYLLABLES) for index in range(3)}
    return sizes | {kind: len(_answers()[kind]) for kind in KINDS}


def _answers() -> dict[str, tuple[str, ...]]:
    from sectow_env.images.drawing import INK
    from sectow_env.images.shapes import SHAPES
    from sectow_env.worlds.apothecary.general import DIGITS, NUMBERS, SIGNS

    return {
        "colour": tuple(INK),
        "shape": SHAPES,
        "counting": NUMBERS,
        "reading": SIGNS,
        "digits": DIGITS,
    }


class Heads(nn.Module):
    """One learned query per head pools the patches; a linear layer names the class."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sizes = head_sizes()
        self.queries = nn.Parameter(torch.randn(len(self.sizes), width) * 0.02)
        self.pool = nn.MultiheadAttention(width, 4, batch_first=True)
        self.classify = nn.ModuleDict(
            {name: nn.Linear(width, size) for name, size in self.sizes.items()}
        )

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Features (batch, patches, width) to logits (batch, classes) by head."""
        queries = self.queries.expand(len(features), -1, -1)
        pooled, _ = self.pool(queries, features, features, need_weights=False)
        return {
            name: self.classify[name](pooled[:, index]) for index, name in enumerate(self.sizes)
        }


def draw_seen(rng: np.random.Generator) -> Seen:
    """One random exercise for the eyes."""
    kind = rng.choice(["name", "part", "emblem", "general"], p=[0.4, 0.2, 0.2, 0.2])
    jitter_key = str(int(rng.integers(2**62)))
    if kind == "general":
        question = KINDS[int(rng.integers(len(KINDS)))]
        seed = int(rng.integers(2**31))
        scenario = general_scenarios("train", (question,), 1, seed)[0]
        assert scenario.image is not None and scenario.reference is not None
        return Seen(scenario.image, {question: _answers()[question].index(scenario.reference)})
    name = tuple(str(rng.choice(inventory)) for inventory in INVENTORIES)
    classes = [SYLLABLES.index(part) for part in name]
    if kind == "name":
        return Seen(draw_words(name, jitter_key), {f"line{i}": c for i, c in enumerate(classes)})
    if kind == "part":
        return Seen(draw_words(name[2:], jitter_key), {"line0": classes[2]})
    return Seen(draw_emblem(classes, jitter_key), {f"glyph{i}": c for i, c in enumerate(classes)})


def pretrain_vision(
    model: LlavaForConditionalGeneration, steps: int, seed: int, stage: Stage
) -> None:
    """Train the vision tower in place."""
    tower = model.model.vision_tower
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        heads = Heads(tower.config.hidden_size)
    both = nn.ModuleDict({"tower": tower, "heads": heads})
    train(
        both,
        _loss(tower, heads, seed),
        Schedule(steps=steps, learning_rate=1e-3, warmup=50),
        stage,
    )


def _loss(tower: nn.Module, heads: Heads, seed: int) -> Callable[[int], torch.Tensor]:
    def loss(step: int) -> torch.Tensor:
        rng = np.random.Generator(np.random.PCG64([seed, 11, step]))
        seen = [draw_seen(rng) for _ in range(BATCH)]
        pixels = to_pixels([each.picture for each in seen])
        logits = heads(tower(pixels).last_hidden_state[:, 1:])
        total = pixels.new_zeros(())
        for name in heads.sizes:
            target = torch.tensor([each.classes.get(name, IGNORE) for each in seen])
            if bool((target != IGNORE).any()):
                share = (target != IGNORE).float().mean()
                total = total + share * nn.functional.cross_entropy(
                    logits[name], target, ignore_index=IGNORE
                )
        return total

    return loss
