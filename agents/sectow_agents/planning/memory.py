"""The memory of one phase on one GPU, term by term.

Exact: weights, adapters, gradients, optimizer, cache. Estimated: what a forward and a backward pass
keep. Compared with one measured run (random full-width Qwen2.5-VL-3B, LoRA 16, 64 pictures of 336
px, micro-batches of 16, H100): peak 10.5 GiB in the defender's phase, 16.8 in the attacker's with a
frozen opponent loaded apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sectow_agents.planning.machines import GIB
from sectow_agents.planning.range import NOTHING, Range, largest
from sectow_agents.planning.shapes import Shape

When = Literal["always", "generating", "training"]
Sharding = Literal["none", "zero2", "full"]
FLOAT32, BFLOAT16, FOUR_BITS = 4, 2, 0.5
_LOGIT_BYTES = Range(4.0, 6.0, 12.0)
"""A logit in bfloat16, its gradient, and what float32 copies take of both."""
_CONTEXT = Range(0.5, 0.8, 1.5)
"""GiB of CUDA's context and of memory that lies between blocks; no part of what torch reports."""


@dataclass(frozen=True)
class Load:
    """What a phase puts on one GPU.

    Attributes:
        shape: Of the trained model.
        trained: Its trained parameters.
        bytes: Of a weight, on average.
        opponents: Parameters of frozen models that are loaded beside it.
        generated: Completions that are generated at once.
        micro: Completions that pass through the model at once in training.
        prompt: Tokens of the longest prompt, pictures included.
        new: Tokens of the longest completion.
        checkpointing: Activations are computed twice instead of kept.
        full: All weights are trained.
        shards: GPUs that share what is sharded.
        sharding: `zero2` shards gradients and optimizer, `full` the weights too.
        reserved: GiB that vLLM takes for itself.
    """

    shape: Shape
    prompt: int
    new: int
    trained: int = 0
    bytes: float = BFLOAT16
    opponents: int = 0
    generated: int = 1
    micro: int = 1
    checkpointing: bool = False
    full: bool = False
    shards: int = 1
    sharding: Sharding = "none"
    reserved: float = 0.0


@dataclass(frozen=True)
class Term:
    """One part of the memory, in GiB."""

    name: str
    when: When
    size: Range


def terms(load: Load) -> list[Term]:
    """All parts, the largest first."""
    shape, total = load.shape, load.prompt + load.new
    whole = 1 / load.shards if load.sharding == "full" else 1.0
    state = 1 / load.shards if load.sharding != "none" else 1.0
    own_weights = shape.parameters * load.bytes
    adapters = 0 if load.full else load.trained * FLOAT32
    width = FLOAT32 if load.full else BFLOAT16
    rows = load.micro * total
    layer = _layer_bytes(load, width) * rows
    kept = shape.layers * rows * shape.hidden * width if load.checkpointing else 0
    passing = layer if load.checkpointing else layer * shape.layers
    parts = [
        Term("weights of the trained model", "always", _gib(own_weights * whole)),
        Term("weights of frozen models", "always", _gib(load.opponents * load.bytes)),
        Term("adapter", "always", _gib(adapters * whole)),
        Term("gradients", "always", _gib(load.trained * FLOAT32 * state)),
        Term("optimizer", "always", _gib(load.trained * 2 * FLOAT32 * state)),
        Term("vLLM", "always", Range.exactly(load.reserved)),
        Term("CUDA and gaps", "always", _CONTEXT),
        Term(
            "cache of keys and values",
            "generating",
            _gib(load.generated * total * shape.layers * shape.key_values * BFLOAT16),
        ),
        Term("kept activations", "training", _around(kept, 0.2)),
        Term("activations of a layer", "training", _around(passing, 0.4)),
        Term(
            "logits",
            "training",
            _LOGIT_BYTES.times(load.micro * (load.new + 1) * shape.vocabulary / GIB),
        ),
    ]
    used = [term for term in parts if term.size.high > 0]
    return sorted(used, key=lambda term: -term.size.expected)


def peak(parts: list[Term], *, reported: bool = False) -> Range:
    """The largest sum that there is at one time, in GiB."""
    sums = {"always": NOTHING, "generating": NOTHING, "training": NOTHING}
    for term in parts:
        if not (reported and term.size is _CONTEXT):
            sums[term.when] = sums[term.when].plus(term.size)
    return sums["always"].plus(largest(sums["generating"], sums["training"]))


def _layer_bytes(load: Load, width: int) -> float:
    """What one layer keeps of one token for its backward pass."""
    shape = load.shape
    plain = width * (8 * shape.hidden + 3 * shape.intermediate)
    # An adapter reads a float32 copy of its input.
    return plain if load.full else plain + FLOAT32 * (4 * shape.hidden + shape.intermediate)


def _gib(size: float) -> Range:
    return Range.exactly(size / GIB)


def _around(size: float, share: float) -> Range:
    return Range(1 - share, 1.0, 1 + share).times(size / GIB)
