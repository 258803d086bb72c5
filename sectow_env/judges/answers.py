"""What a model judge answered, before it is read: without thinking, or nothing."""

from __future__ import annotations

_THINKING = (("<think>", "</think>"), ("[THINK]", "[/THINK]"))


def without_thinking(answer: str) -> str | None:
    """The answer without its thinking and outer white space; None where thinking did not end.

    A chat template may have written the beginning mark itself, so an end mark alone counts.
    """
    for begin, end in _THINKING:
        # What follows the last end mark; the whole answer without a mark.
        answer = answer.rpartition(end)[2]
        if begin in answer:
            return None
    return answer.strip()
