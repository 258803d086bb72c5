"""Where organisms are: shipped in the package, or built into the user's cache."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sectow_env.errors import SectowError

Part = Literal["foundation", "defender", "attacker"]
PARTS: tuple[Part, ...] = ("foundation", "defender", "attacker")
SHIPPED = Path(__file__).parent / "weights"


def cache() -> Path:
    """The folder into which organisms are built by default."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("sectow")) / "organism"


def checkpoint(part: Part, world: int = 0) -> Path:
    """Folder of a built organism, shipped or cached.

    Raises:
        SectowError: It has not been built on this machine.
    """
    place = Path("foundation") if part == "foundation" else Path(f"world-{world}") / part
    for root in (SHIPPED, cache()):
        if (root / place / "model.safetensors").exists():
            return root / place
    raise SectowError(
        given=f"the organism's {part} of world {world}",
        why=f"it is neither shipped nor built in {cache()}",
        fix=f"run: sectow organism build --world {world}",
    )
