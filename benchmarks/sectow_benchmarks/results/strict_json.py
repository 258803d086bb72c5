"""JSON that any reader takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def strict_json(tree: Any) -> str:
    """JSON in one line, NaN as null."""
    return json.dumps(_without_nan(tree), allow_nan=False, default=str)


def _without_nan(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {str(key): _without_nan(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_nan(value) for value in tree]
    # NaN and the infinities are the floats whose difference with themselves is not 0.
    return None if isinstance(tree, float) and tree - tree != 0 else tree
