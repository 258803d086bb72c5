"""How completions are drawn from a language model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decoding:
    """How completions are drawn.

    Attributes:
        sampled: False takes the likeliest token each time (greedy).
        temperature: Divides the logits of a sampled completion.
        max_new_tokens: Longest completion, in tokens.
        seed: Seed of the draws of a policy that is given no seed per item.
    """

    sampled: bool = False
    temperature: float = 1.0
    max_new_tokens: int = 256
    seed: int = 0
