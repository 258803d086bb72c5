"""Llama Guard 3 Vision: one picture, hazards S1 to S13."""

from __future__ import annotations

from sectow_env.judges.prompts.llama_guard import LlamaGuard
from sectow_env.judges.untrusted import LIMIT

DEFAULT = "meta-llama/Llama-Guard-3-11B-Vision"


class LlamaGuard3Vision(LlamaGuard):
    """The format of `DEFAULT`, which is gated.

    Args:
        limit: Characters of a response that it is shown.
    """

    def __init__(self, *, limit: int = LIMIT) -> None:
        super().__init__("llama_guard_3_vision", 13, limit)
