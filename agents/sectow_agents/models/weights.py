"""What a model's weights are, whatever their folder is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

_CHUNK = 1 << 20


def weights_digest(source: str | Path) -> str | None:
    """Hex digest over all safetensors files of a folder; None for a model that is not a folder."""
    files = sorted(Path(source).glob("*.safetensors"))
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0")
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
