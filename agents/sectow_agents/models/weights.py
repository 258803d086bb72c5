"""Identifies a model's weights, whatever the name of their folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sectow_env.files import file_digest


def weights_digest(source: str | Path) -> str | None:
    """Hex digest of a folder's safetensors files; None for a model that is not such a folder.

    Of a single file it is what ``sha256sum`` prints; of several, the digest of the lines that
    ``sha256sum *.safetensors`` prints.
    """
    files = [file for file in sorted(Path(source).glob("*.safetensors")) if file.is_file()]
    digests = {file.name: file_digest(file) for file in files}
    if len(digests) < 2:
        return next(iter(digests.values()), None)
    lines = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    return hashlib.sha256(lines.encode()).hexdigest()
