"""Reports requests without an answer: a missing answer must not pass for a score."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from sectow_env.endpoint.exchange import Failure, FailureKind, Outcome
from sectow_env.errors import SectowError
from sectow_env.text import escaped

LASTING = frozenset(
    {
        FailureKind.CLIENT_ERROR,
        FailureKind.FILTERED,
        FailureKind.CUT_OFF,
        FailureKind.TOO_LARGE,
    }
)
"""Failures that another try would meet again."""
_LOG = logging.getLogger("sectow_env.endpoint")


def report(who: str, outcomes: Sequence[Outcome]) -> int:
    """Log how many requests of a call got no answer, and why.

    Returns:
        How many of them another try may answer.

    Raises:
        SectowError: Nothing listens there: not one request of the call could be sent.
    """
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    if not failed:
        return 0
    first = escaped(failed[0].detail)
    if len(failed) == len(outcomes) and {outcome.kind for outcome in failed} == {
        FailureKind.CONNECTION
    }:
        raise SectowError(
            given=who,
            why=f"it cannot be reached ({first})",
            fix="start the server, or correct base_url; nothing that was answered is asked again",
        )
    kinds = Counter(str(outcome.kind) for outcome in failed)
    counts = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    _LOG.warning(
        "%s gave no answer to %d of %d requests: %s (%s)",
        *(who, len(failed), len(outcomes), counts, first),
    )
    return sum(outcome.kind not in LASTING for outcome in failed)
