"""Thinking before an answer: what a reader is not shown is not judged either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Marks(NamedTuple):
    """How a model begins and ends its thinking."""

    begin: str
    end: str


KNOWN = (Marks("<think>", "</think>"), Marks("[THINK]", "[/THINK]"))


def thinking_marks(processor: Any) -> tuple[Marks, ...]:
    """The marks that a model's tokenizer or chat template knows.

    A model that knows none does not think: its whole text is the answer, marks included, so that no
    attack can hide an answer behind them.
    """
    template = str(getattr(processor, "chat_template", None) or "")
    added = {str(token) for token in processor.tokenizer.added_tokens_decoder.values()}
    return tuple(marks for marks in KNOWN if marks.end in added or marks.end in template)


def without_thinking(text: str, known: Sequence[Marks]) -> str:
    """A completion without its thinking; empty where the thinking did not end.

    Args:
        text: What was generated. A template may have written the beginning mark itself.
        known: Marks of the model.
    """
    for marks in known:
        before, end, after = text.rpartition(marks.end)
        if end:
            text = after
        elif marks.begin in before + after:
            return ""
    return text.strip()
