"""The result of a check."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sectow_env.game import Frozen

Kind = Literal[
    "environment",
    "world",
    "judge",
    "attacker",
    "defender",
    "channel",
    "pack_channel",
    "renderer",
]
"""What can be checked."""
Outcome = Literal["passed", "failed", "skipped"]
"""`skipped`: the check does not apply."""


class CheckResult(Frozen):
    """One check of one subject."""

    name: str
    """Unique within its kind."""
    kind: Kind
    subject: str
    """The subject as the user named it."""
    outcome: Outcome
    message: str
    """What is true if it passed, its findings (one per line), or why it was skipped."""
    warnings: tuple[str, ...] = ()
    """Distinct warnings of the subject during the check."""
    seconds: float = Field(ge=0.0)
    """Wall time."""
