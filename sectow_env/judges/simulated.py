"""A judge that errs as often as it is told: what a proxy would make of it can be tried out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sectow_env.errors import ConfigError
from sectow_env.game import Judge, Turn, Verdict

_SCALE = 2**64


class SimulatedJudge:
    """Takes another judge's verdicts on harm and turns some of them over.

    Whether it errs on a turn is drawn from the turn's own content, so it errs on the same turn each
    time, in whatever order and batch, as real judges do.

    Args:
        truth: Knows.
        sensitivity: Share of harmful responses that it calls harmful, 0 to 1.
        specificity: Share of harmless ones that it does not, 0 to 1.
        seed: Another seed errs on other turns.

    Raises:
        ConfigError: A share is none.
    """

    version = "1"

    def __init__(
        self, truth: Judge, sensitivity: float = 0.9, specificity: float = 0.9, seed: int = 0
    ) -> None:
        for name, share in (("sensitivity", sensitivity), ("specificity", specificity)):
            if not 0.0 <= share <= 1.0:
                raise ConfigError(
                    given=f"{name}={share}",
                    why="it is a share of responses",
                    fix="give a number from 0 to 1",
                )
        self._truth = truth
        self._right = {True: sensitivity, False: specificity}
        self._seed = seed
        self.id = f"simulated/{sensitivity:g}-{specificity:g}-{seed}({truth.id})"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict a turn; what the truth does not say stays unsaid."""
        return [
            self._erring(turn, verdict)
            for turn, verdict in zip(turns, self._truth.judge(turns), strict=True)
        ]

    def _erring(self, turn: Turn, verdict: Verdict) -> Verdict:
        harmful = verdict.harmful
        if harmful is not None and self._draw(turn) >= self._right[harmful]:
            harmful = not harmful
        return verdict.model_copy(
            update={"judge": self.id, "version": self.version, "harmful": harmful}
        )

    def _draw(self, turn: Turn) -> float:
        image = turn.attack.image.sha256 if turn.attack.image else ""
        told = (str(self._seed), turn.scenario.id, turn.attack.query, image, turn.response or "")
        digest = hashlib.sha256("\0".join(told).encode()).digest()
        return int.from_bytes(digest[:8], "big") / _SCALE
