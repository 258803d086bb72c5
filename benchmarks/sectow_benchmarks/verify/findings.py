"""What a check came to."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

Outcome = Literal["ok", "failed", "unverified", "not checked"]
"""`unverified`: it needs a part that is not on this machine, and the detail names what to give.
`not checked`: nothing that belongs to the evaluation itself, such as weights that are elsewhere."""


NUMBER = (bool, int, float, np.bool_)


class Finding(NamedTuple):
    """An outcome with its reason."""

    outcome: Outcome
    detail: str


class Check(NamedTuple):
    """The result of one check."""

    name: str
    outcome: Outcome
    detail: str


ok = partial(Finding, "ok")
failed = partial(Finding, "failed")
unverified = partial(Finding, "unverified")
"""It could not be checked here, and has to be."""
not_checked = partial(Finding, "not checked")
"""There is nothing here to check."""


def same(first: Any, second: Any) -> bool:
    """Whether two cells are the same text or number; two gaps are."""
    cells = (first, second)
    if not any(all(isinstance(cell, kind) for cell in cells) for kind in (str, NUMBER)):
        # A list of one text equals it, and so on.
        return False
    missing = [isinstance(value, float) and math.isnan(value) for value in cells]
    return all(missing) or bool(first == second)
