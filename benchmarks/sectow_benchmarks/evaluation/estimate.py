"""How long a plan takes, by a stated rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sectow_benchmarks.evaluation.dry_run import RATED
from sectow_benchmarks.suites.group_table import RATED_TOKENS, TOKENS_A_SECOND


def minutes_of(questions: Iterable[Mapping[str, Any]]) -> int:
    """Minutes on the card and with the model of `group_table`, every answer at full length.

    Args:
        questions: The rows of a plan; an answer whose length nobody knows before counts nothing.
    """
    return math.ceil(sum(_tokens(questions)) / TOKENS_A_SECOND / 60)


def arithmetic(questions: Iterable[Mapping[str, Any]]) -> str:
    """The estimate with what it is made of, in a line for people."""
    rows = list(questions)
    generated, rated = _tokens(rows)
    return (
        f"about {minutes_of(rows):,} minutes at most on one H100 with 3.75 billion parameters: "
        f"{generated:,} tokens of answers at full length"
        + (f" and {rated:,} for documents that are rated" if rated else "")
        + f", at {TOKENS_A_SECOND:,.0f} a second; loading and judges come on top"
    )


def _tokens(questions: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Tokens of answers, and those that the documents that are rated are taken for."""
    generated = rated = 0
    for row in questions:
        tokens = row["answer_tokens"]
        if row["decoding"] == RATED:
            rated += row["questions"] * RATED_TOKENS
        elif tokens is not None and not math.isnan(tokens):
            generated += int(tokens)
    return generated, rated
