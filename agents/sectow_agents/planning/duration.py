"""How long an optimizer step takes on a GPU.

A step is bound by arithmetic, by reading the weights, or by launching kernels: by the slowest.
The times of launching were measured on an H100 (random full-width Qwen2.5-VL-3B): 64 answers of 128
tokens in 5.3 s, the training half of a step with four micro-batches in 10 s.
"""

from __future__ import annotations

from sectow_agents.planning.machines import Gpu
from sectow_agents.planning.memory import Load
from sectow_agents.planning.range import Range

_LAUNCH_DECODE = Range(0.4e-3, 1.15e-3, 2.3e-3)
"""Seconds that one layer takes for one token of a whole batch: compiled, merged, with adapters."""
_LAUNCH_TRAIN = Range(0.012, 0.035, 0.06)
"""Seconds that one layer takes for one micro-batch, forward, again and backward."""
_USED = Range(0.5, 0.35, 0.2)
"""Share of the arithmetic that large batches reach."""


def generation(load: Load, gpu: Gpu, count: int, prompt: int, new: int) -> Range:
    """Seconds of some completions, all at once."""
    shape = load.shape
    read = shape.parameters * load.bytes / gpu.bandwidth

    def seconds(launch: float, used: float) -> float:
        speed = gpu.flops * used
        step = max(launch * shape.layers, read, 2 * shape.parameters * count / speed)
        return 2 * shape.parameters * count * prompt / speed + new * step

    return Range(*map(seconds, _LAUNCH_DECODE, _USED))


def training(load: Load, gpu: Gpu, count: int) -> Range:
    """Seconds of the training half of an optimizer step."""
    shape = load.shape
    # Forward 2, gradients of activations 2, of weights 2 where all are trained; once more forward.
    factor = 4 + 2 * load.full + 2 * load.checkpointing
    work = factor * shape.parameters * (load.prompt + load.new) * load.micro
    layers = shape.layers + shape.vision_layers

    def seconds(launch: float, used: float) -> float:
        return count / load.micro * max(work / (gpu.flops * used), launch * layers)

    return Range(*map(seconds, _LAUNCH_TRAIN, _USED))
