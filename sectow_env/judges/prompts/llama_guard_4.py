"""Llama Guard 4: hazards S1 to S14."""

from __future__ import annotations

from sectow_env.judges.prompts.llama_guard import LlamaGuard
from sectow_env.judges.untrusted import LIMIT

DEFAULT = "meta-llama/Llama-Guard-4-12B"


class LlamaGuard4(LlamaGuard):
    """The format of `DEFAULT`, which is gated.

    Args:
        limit: Characters of a response that it is shown.
    """

    def __init__(self, *, limit: int = LIMIT) -> None:
        super().__init__("llama_guard_4", 14, limit)
