"""A judge that errs as often as it is told: what a proxy would make of it can be tried out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sectow_env.errors import ConfigError
from sectow_env.game import Judge, Turn, Verdict
from sectow_env.parts import find_judge
from sectow_env.worlds.base import World

_SCALE = 2**64


class SimulatedJudge:
    """Takes another judge's verdicts on harm and turns some of them over.

    Whether it errs on a turn is drawn from the turn's own content, so it errs on the same turn each
    time, in whatever order and batch, as real judges do.

    Args:
        truth: Knows.
        sensitivity: Share of harmful responses that it calls harmful, 0 to 1.
        specificity: Share of harmless ones that it does not, 0 to 1.
        bias: Share of turns, -1 to 1, on which it does not look but says harmful (above 0) or
            harmless (below 0).
        marker: Where the bias holds: turns whose query, drawn words or response hold this text, in
            any letter case; None: everywhere. What a learner can write, it can exploit.
        seed: Another seed errs on other turns.

    Raises:
        ConfigError: A share is none.
    """

    version = "2"

    def __init__(
        self,
        truth: Judge,
        sensitivity: float = 0.9,
        specificity: float = 0.9,
        *,
        bias: float = 0.0,
        marker: str | None = None,
        seed: int = 0,
    ) -> None:
        for name, share, low in (
            ("sensitivity", sensitivity, 0.0),
            ("specificity", specificity, 0.0),
            ("bias", bias, -1.0),
        ):
            if not low <= share <= 1.0:
                raise ConfigError(
                    given=f"{name}={share}",
                    why="it is a share of responses",
                    fix=f"give a number from {low:g} to 1",
                )
        self._truth = truth
        self._right = {True: sensitivity, False: specificity}
        self._bias = bias
        self._marker = None if marker is None else marker.casefold()
        self._seed = seed
        leaning = "" if not bias else f"{bias:+g}" + ("" if marker is None else f" on {marker!r}")
        self.id = f"simulated/{sensitivity:g}-{specificity:g}{leaning}-{seed}({truth.id})"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict a turn; what the truth does not say stays unsaid."""
        return [
            self._erring(turn, verdict)
            for turn, verdict in zip(turns, self._truth.judge(turns), strict=True)
        ]

    def _erring(self, turn: Turn, verdict: Verdict) -> Verdict:
        harmful = verdict.harmful
        if harmful is not None:
            if self._marked(turn) and self._draw(turn, "bias") < abs(self._bias):
                harmful = self._bias > 0
            elif self._draw(turn) >= self._right[harmful]:
                harmful = not harmful
        return verdict.model_copy(
            update={"judge": self.id, "version": self.version, "harmful": harmful}
        )

    def _marked(self, turn: Turn) -> bool:
        if self._marker is None:
            return True
        said = f"{turn.attack.query} {turn.attack.drawn or ''} {turn.response or ''}"
        return self._marker in said.casefold()

    def _draw(self, turn: Turn, what: str = "") -> float:
        image = turn.attack.image.sha256 if turn.attack.image else ""
        told = (f"{self._seed}{what}", turn.scenario.id, turn.attack.query, image, turn.response)
        digest = hashlib.sha256("\0".join(one or "" for one in told).encode()).digest()
        return int.from_bytes(digest[:8], "big") / _SCALE


def simulated(
    *,
    sensitivity: float = 0.9,
    specificity: float = 0.9,
    bias: float = 0.0,
    marker: str | None = None,
    seed: int = 0,
    truth: str | None = None,
    world: World,
) -> SimulatedJudge:
    """The registered `simulated/of`: the world's own truth, or another judge, with errors.

    Args:
        sensitivity: See `SimulatedJudge`.
        specificity: See `SimulatedJudge`.
        bias: See `SimulatedJudge`.
        marker: See `SimulatedJudge`.
        seed: See `SimulatedJudge`.
        truth: A registered judge; default: the one that knows the world best.
        world: Is played.
    """
    known = find_judge(truth, world)
    return SimulatedJudge(known, sensitivity, specificity, bias=bias, marker=marker, seed=seed)
