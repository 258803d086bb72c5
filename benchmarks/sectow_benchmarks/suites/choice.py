"""A fixed choice among members of strata: the same for everybody who has the same members."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

S = TypeVar("S", str, tuple[str, ...])


def chosen(members: Iterable[tuple[S, str]], count: int, key: str) -> frozenset[str]:
    """The names of so many members, as evenly from the strata as these are large.

    From each stratum in turn, one at a time, the member with the lowest digest.

    Args:
        members: Stratum and name, which is unique.
        count: How many.
        key: Goes into the digest before a slash and the name.
    """
    strata: dict[S, list[tuple[str, str]]] = defaultdict(list)
    for stratum, name in members:
        strata[stratum].append((hashlib.sha256(f"{key}/{name}".encode()).hexdigest(), name))
    # By turn first, then by stratum: member k of each stratum comes before member k + 1 of any.
    turns = (
        (turn, stratum, name)
        for stratum, named in strata.items()
        for turn, (_, name) in enumerate(sorted(named))
    )
    return frozenset(name for _, _, name in sorted(turns)[:count])
