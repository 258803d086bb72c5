"""Slots: what an attacker writes for a channel, as one `name: value` per line or a JSON object.

Instruct models decorate what they write: bold keys, bullets, a code fence, quotes, an opening
"Sure!", another order, a value of several lines. All of that is read. A slot that is missing,
repeated, empty or left as it was in the instruction makes the completion unreadable; nothing is
guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from sectow_env.text import is_whole

MAX_COMPLETION = 8000
"""Characters; a longer completion is not read."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
_PAIRS = ("**", "__", '"', "'", "`", "*", "“”", "‘’", "«»")
"""What may enclose a value: one text for both ends, or two characters that differ."""
_BRACKETS = "()<>[]{}"

Slots: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class Slot:
    """A part of an attack that the attacker writes."""

    name: str
    """Lower-case words, such as `scene` or `key_phrase`."""
    meaning: str
    """What to write, as it is put to the attacker."""
    example: str
    """What the channel's own worked example writes: harmless, and for `EXAMPLE_BEHAVIOR`."""
    longest: int = 1000
    """Characters; a longer value is off budget."""
    choices: tuple[str, ...] = ()
    """The values that are possible; empty: any text."""


def read(completion: str, slots: Sequence[Slot]) -> Slots | None:
    """The slots that a completion fills, or None where they are not there to be read.

    Lengths and choices are not checked; see `too_long`.
    """
    if len(completion) > MAX_COMPLETION or not is_whole(completion):
        return None
    values = _from_json(completion, slots)
    if values is None:
        values = _from_lines(completion, slots)
    if values is None or any(_is_empty(values[slot.name], slot) for slot in slots):
        return None
    return {slot.name: values[slot.name] for slot in slots}


def write(values: Slots, slots: Sequence[Slot]) -> str:
    """The completion that `read` reads back as these values."""
    text = "\n".join(f"{slot.name}: {values[slot.name]}" for slot in slots)
    if read(text, slots) == values:
        return text
    return json.dumps({slot.name: values[slot.name] for slot in slots}, ensure_ascii=False)


def too_long(values: Slots, slots: Sequence[Slot]) -> bool:
    """Whether a value is longer than its slot allows."""
    return any(len(values[slot.name]) > slot.longest for slot in slots)


def schema(slots: Sequence[Slot]) -> dict[str, object]:
    """JSON schema of the slots, for servers that can enforce one."""
    properties: dict[str, object] = {
        slot.name: {
            "type": "string",
            # Lengths are in words: not every server that enforces a schema takes limits.
            "description": placeholder(slot)[1:-1],
            **({"enum": list(slot.choices)} if slot.choices else {}),
        }
        for slot in slots
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [slot.name for slot in slots],
        "additionalProperties": False,
    }


def placeholder(slot: Slot) -> str:
    """What the instruction shows in place of a value."""
    limit = "" if slot.choices else f", at most {slot.longest} characters"
    return f"({slot.meaning}{limit})"


def _from_json(completion: str, slots: Sequence[Slot]) -> dict[str, str] | None:
    start = completion.find("{")
    if start < 0:
        return None
    try:
        pairs, _ = json.JSONDecoder(object_pairs_hook=_Pairs).raw_decode(completion, start)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Pairs):
        return None
    keys = [_key(str(key)) for key, _ in pairs]
    if sorted(keys) != sorted(slot.name for slot in slots):
        return None
    if not all(isinstance(value, str) and is_whole(value) for _, value in pairs):
        return None
    return {key: value.strip() for key, (_, value) in zip(keys, pairs, strict=True)}


class _Pairs(list[tuple[str, str]]):
    """A JSON object with its repeated keys."""


def _from_lines(completion: str, slots: Sequence[Slot]) -> dict[str, str] | None:
    pattern = _keys(tuple(slot.name for slot in slots))
    before, fence, fenced = _split_fence(completion)
    text = fenced if fence and not pattern.search(before) else completion
    matches = list(pattern.finditer(text))
    keys = [_key(match["key"]) for match in matches]
    if sorted(keys) != sorted(slot.name for slot in slots):
        return None
    ends = [*(match.start() for match in matches[1:]), len(text)]
    return {
        key: _bare(text[match.end() : end])
        for key, match, end in zip(keys, matches, ends, strict=True)
    }


def _split_fence(completion: str) -> tuple[str, bool, str]:
    """What is before the first code fence, whether there is a fence, and what is inside it."""
    before, *inside = _FENCE.split(completion, maxsplit=2)
    return before, bool(inside), inside[0] if inside else ""


@lru_cache(maxsize=256)
def _keys(names: tuple[str, ...]) -> re.Pattern[str]:
    """Finds keys at the start of a line or after a semicolon, whatever decorates them."""
    words = "|".join("[ _-]".join(map(re.escape, name.split("_"))) for name in names)
    # Possessive (`*+`): a long run of blanks is read once, not once from each of them.
    around = r"[ \t>*_#\"'`]*+"
    bullet = r"(?:[-+•][ \t]++|\d{1,2}[.)][ \t]++)?"
    return re.compile(
        rf"(?:^|;){around}{bullet}{around}(?P<key>{words}){around}[:=][*_`]*",
        re.IGNORECASE | re.MULTILINE,
    )


def _key(written: str) -> str:
    return re.sub(r"[ _-]", "_", written.strip()).lower()


def _bare(value: str) -> str:
    """A value without the marks that enclose it."""
    value = value.strip().removesuffix(";").rstrip()
    for pair in _PAIRS:
        start, end = (pair[0], pair[1]) if pair[0] != pair[-1] else (pair, pair)
        inner = value[len(start) : -len(end)]
        if value == start + inner + end and start not in inner and end not in inner:
            value = inner.strip()
    for mark in ("**", "`"):
        # It was opened before the key.
        if value.endswith(mark) and value.count(mark) % 2:
            value = value.removesuffix(mark).rstrip()
    return value


def _is_empty(value: str, slot: Slot) -> bool:
    """Whether a value says nothing: no text, or what the instruction shows in its place."""
    shown = value.strip(_BRACKETS).casefold()
    return not shown or shown in (
        slot.meaning.casefold(),
        placeholder(slot).strip(_BRACKETS).casefold(),
    )
