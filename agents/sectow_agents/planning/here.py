"""The GPU of this machine."""

from __future__ import annotations

from sectow_agents.planning.machines import GIB, GPUS, Gpu


def gpu_here() -> Gpu | None:
    """The first GPU that torch sees, with the figures of the known one that is most like it."""
    import torch

    if not torch.cuda.is_available():
        return None
    about = torch.cuda.get_device_properties(0)
    memory = about.total_memory / GIB
    name = about.name.lower()
    same = [gpu for gpu in GPUS.values() if gpu.name.partition("-")[0] in name.replace(" ", "")]
    like = min(same or GPUS.values(), key=lambda gpu: abs(gpu.memory - memory))
    return Gpu(about.name, memory, like.bandwidth, like.flops)
