"""A defender that failed: the evaluation stops, and what was answered is kept for the next try."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.errors import SectowError


def all_answered(responses: Sequence[str | None]) -> list[str]:
    """The responses, when every attack has one.

    Raises:
        SectowError: Some have none: a rate over the others would count the easy ones.
    """
    answered = [response for response in responses if response is not None]
    if len(answered) == len(responses):
        return answered
    raise SectowError(
        given=f"{len(responses) - len(answered)} of {len(responses)} attacks",
        why="the defender did not answer them",
        fix="run the command again with --resume: nothing that was answered is asked again",
    )
