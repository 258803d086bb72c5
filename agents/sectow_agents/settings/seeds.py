"""Seeds that follow from the run's seed and a purpose: no phase depends on another's draws."""

from __future__ import annotations

import hashlib

# TRL passes the seed to NumPy's old generator, which takes 32 bits.
_BITS = 31


def derive_seed(seed: int, *purpose: object) -> int:
    """A seed in [0, 2**31) for one purpose, such as `derive_seed(0, 2, "attacker", "train")`."""
    text = "\x1f".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - _BITS)
