"""What one check found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sectow_env.game import Frozen

Kind = Literal["environment", "world", "judge", "attacker", "defender", "channel", "renderer"]
"""What can be checked."""
Outcome = Literal["passed", "failed", "skipped"]
"""Skipped is neither of the others: the check could not look."""


class CheckResult(Frozen):
    """One check of one subject."""

    name: str
    """Unique within its kind."""
    kind: Kind
    subject: str
    """The subject as it was named."""
    outcome: Outcome
    says: str
    """What holds, what was found (a line each), or why it was skipped."""
    warnings: tuple[str, ...] = ()
    """Different warnings that the subject gave meanwhile."""
    seconds: float = Field(ge=0.0)
    """Wall time."""
