"""What a GPU offers, by its maker's figures."""

from __future__ import annotations

from dataclasses import dataclass

from sectow_env.errors import ConfigError, did_you_mean

GIB = 2**30


@dataclass(frozen=True)
class Gpu:
    """One GPU.

    Attributes:
        name: What it is called here.
        memory: GiB.
        bandwidth: Bytes a second between memory and processor.
        flops: Dense bfloat16 operations a second (float16 on the T4).
    """

    name: str
    memory: float
    bandwidth: float
    flops: float


GPUS = {
    gpu.name: gpu
    for gpu in (
        Gpu("t4", 14.6, 0.32e12, 65e12),
        Gpu("rtx4080", 15.6, 0.72e12, 97e12),
        Gpu("l4", 22.0, 0.30e12, 121e12),
        Gpu("rtx4090", 23.5, 1.01e12, 165e12),
        Gpu("a100-40", 39.4, 1.56e12, 312e12),
        Gpu("a100", 79.2, 2.04e12, 312e12),
        Gpu("h100", 79.1, 3.35e12, 989e12),
        Gpu("h200", 139.8, 4.80e12, 989e12),
        Gpu("b200", 178.0, 8.00e12, 2250e12),
    )
}
DEFAULT = "h100"


def gpu_of(name: str) -> Gpu:
    """A GPU by its name.

    Raises:
        ConfigError: It is not known here.
    """
    try:
        return GPUS[name.lower()]
    except KeyError:
        raise ConfigError(
            given=f"--gpu {name}",
            why="its memory and speed are not known here",
            fix=f"{did_you_mean(name, GPUS)}choose from {', '.join(GPUS)}",
        ) from None
