"""A judge model's answer where one JSON object was asked for, read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping

_FENCE = re.compile(r"```(?:json)?\n(.*)\n```", re.DOTALL)


def object_of(answer: str, names: Collection[str]) -> Mapping[str, object] | None:
    """The object, with exactly these names, each once; a code fence round it is fine.

    Returns:
        Its values by name, in the order of `names`; None for anything else.
    """
    block = _FENCE.fullmatch(answer)
    try:
        pairs = json.loads(block[1] if block else answer, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    # Names that stand twice would hide one another in a dictionary.
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        return None
    if sorted(name for name, _ in pairs) != sorted(names):
        return None
    fields = dict(pairs)
    return {name: fields[name] for name in names}
