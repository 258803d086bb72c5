"""A defender or judge that failed: the work stops; what was answered is kept for the next try."""

from __future__ import annotations

from collections.abc import Sequence

from sectow_env.errors import SectowError
from sectow_env.game import Judge, Turn, Verdict, judge_turns


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


def all_judged(judge: Judge, turns: Sequence[Turn]) -> list[Verdict]:
    """A judge's verdicts, when every turn got one that another try would not change.

    Raises:
        SectowError: A model behind it did not answer: such a turn is not unscored, but not asked.
    """
    before = unanswered(judge)
    verdicts = judge_turns(turns, judge)
    missing = unanswered(judge) - before
    if not missing:
        return verdicts
    raise SectowError(
        given=f"{missing} questions about {len(turns)} turns",
        why=f"the judge {judge.id} did not answer them",
        fix="run the command again once it does: nothing that was answered is asked again",
    )


def unanswered(judge: object) -> int:
    """How often the models behind a judge gave no answer that another try may get."""
    own = int(getattr(getattr(judge, "model", None), "unanswered", 0))
    return own + sum(unanswered(member) for member in getattr(judge, "members", ()))
