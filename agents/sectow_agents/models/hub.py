"""What every look-up of a model is given, and what is said where it failed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from sectow_env.commands.doctor import hub
from sectow_env.errors import MAX_QUOTED, ConfigError

FIX = (
    "give a registered policy, a folder written by save_pretrained with its processor and "
    "safetensors weights, or the id of an instruction-tuned model of the hub that you may use"
)


@cache
def answers() -> bool:
    """Whether the hub answers; it is asked once, and briefly."""
    return hub().reachable is True


def lookup(source: str | Path, revision: str | None = None) -> dict[str, Any]:
    """Arguments of every `from_pretrained`: no code, and of a hub that is silent only the cache."""
    local = not Path(source).is_dir() and not answers()
    pinned = {} if revision is None else {"revision": revision}
    return {"trust_remote_code": False, "local_files_only": local, **pinned}


def unloadable(kind: str, source: str | Path, error: Exception, fix: str = FIX) -> ConfigError:
    """The error for a model that a library did not load.

    Args:
        kind: What the model is.
        source: Folder or hub id.
        error: As the library raised it.
        fix: Where the library does not say what is missing.
    """
    from huggingface_hub.errors import LocalEntryNotFoundError

    causes = (error, error.__cause__, error.__context__)
    why = (
        f"it cannot be loaded ({' '.join(f'{type(error).__name__}: {error}'.split())[:MAX_QUOTED]})"
    )
    if isinstance(error, ImportError):
        package = re.search(r"requires the (\w+) library", str(error))
        needed = f"pip install {package[1].lower()}" if package else "install what it names"
        fix = f"{needed}, or use another model"
    elif "gated" in str(error).lower():
        fix = "accept its terms on its page of the hub, then run: hf auth login"
    elif any(isinstance(cause, LocalEntryNotFoundError) for cause in causes):
        seen = hub()
        silent = "is not asked (HF_HUB_OFFLINE)" if seen.reachable is None else "does not answer"
        why = f"it cannot be loaded: it is not on this machine, and {seen.host} {silent}"
        fix = f"load it once where the hub answers (sectow doctor shows whether it does), or {fix}"
    here = "" if Path(source).is_dir() else " (taken as an id of the hub, since it is not a folder)"
    return ConfigError(given=f"the {kind} {str(source)!r}{here}", why=why, fix=fix)
