"""All families of the matrix, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.agents.families import idefics, llava, others, qwen, text
from tests.agents.families.parts import Tiny

EVERY: Mapping[str, Tiny] = {
    tiny.name: tiny for module in (qwen, llava, idefics, others, text) for tiny in module.FAMILIES
}
SEEING = tuple(name for name, tiny in EVERY.items() if tiny.tower)
