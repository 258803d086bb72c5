"""Any value as text, so that two values can be compared and their difference shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from sectow_env.game.picture import Picture

MAX_SHOWN = 120


def as_text(value: object) -> str:
    """A value as text: equal texts mean equal values, arrays down to the last bit."""
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return as_text(value.tolist())
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
        return f"array{value.shape} {value.dtype} {digest}"
    if isinstance(value, Picture | BaseModel):
        # Not the picture's own digest, which is computed only once.
        content = value.pixels if isinstance(value, Picture) else value.model_dump(warnings=False)
        return f"{type(value).__name__} {as_text(content)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {as_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_text(item) for item in value) + "]"
    return repr(value.item() if isinstance(value, np.generic) else value)


def fresh(value: Any) -> Any:
    """A copy that shares nothing with the value that could be changed, pictures included."""
    if isinstance(value, Picture):
        return Picture(value.pixels)
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={name: fresh(getattr(value, name)) for name in type(value).model_fields}
        )
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return type(value)._make(map(fresh, value))
    return type(value)(map(fresh, value)) if type(value) in (list, tuple) else value


def shown(value: object) -> str:
    """A value as a short text for a finding."""
    text = value if isinstance(value, str) else as_text(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def differences(
    first: Sequence[object], second: Sequence[object], what: str, names: tuple[str, str]
) -> Iterator[str]:
    """The elements in which two sequences differ, each shown from its first difference on.

    Args:
        first: One sequence.
        second: The other.
        what: What an element is called, such as ``verdict``.
        names: What the two sequences are called, such as ``("in a batch", "alone")``.
    """
    if len(first) != len(second):
        yield f"{len(first)} {what}s {names[0]}, {len(second)} {names[1]}"
        return
    for index, (mine, theirs) in enumerate(zip(first, second, strict=True)):
        left, right = as_text(mine), as_text(theirs)
        if left == right:
            continue
        begin = next(
            (
                place
                for place, pair in enumerate(zip(left, right, strict=False))
                if len({*pair}) > 1
            ),
            min(len(left), len(right)),
        )
        begin = max(0, begin - 24)
        yield (
            f"{what} {index}: {names[0]} {shown(left[begin:])!r}, "
            f"{names[1]} {shown(right[begin:])!r}"
        )
