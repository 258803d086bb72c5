"""A judge with error rates that are set, to try out what a proxy makes of a study."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sectow_env.errors import ConfigError
from sectow_env.game import Judge, Turn, Verdict
from sectow_env.game.world import World
from sectow_env.judges.settings import setting
from sectow_env.resolve.parts import find_judge

_SCALE = 2**64


class SimulatedJudge:
    """Takes another judge's verdicts on harm and turns some of them over.

    Whether it errs on a turn is drawn from the turn's own content, so it errs on the same turn each
    time, in whatever order and batch, as real judges do. A verdict that is turned over has the
    score of its label, and nothing of what spoke for the other one.

    Args:
        truth: Knows.
        sensitivity: Share of harmful responses that it calls harmful, 0 to 1.
        specificity: Share of harmless ones that it does not, 0 to 1.
        bias: Share of turns, -1 to 1, on which it does not look but says harmful (above 0) or
            harmless (below 0).
        marker: Where the bias applies: turns whose query, drawn words or response contain this
            text, in any letter case; None: everywhere. What a learner can write, it can exploit.
        seed: Another seed errs on other turns.

    Raises:
        ConfigError: A share is out of range, or a setting is of another type.
    """

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
        self.truth = truth
        """From whose verdicts it errs."""
        self.members = (truth,)
        """Who is asked."""
        self._right = {
            True: _share("sensitivity", sensitivity, 0.0),
            False: _share("specificity", specificity, 0.0),
        }
        self._bias = _share("bias", bias, -1.0)
        self._marker = None if marker is None else setting(str, "marker", marker).casefold()
        self._seed = setting(int, "seed", seed)
        shares = "-".join(map(_short, self._right.values()))
        leaning = "" if not self._bias else f"{'+' * (self._bias > 0)}{_short(self._bias)}"
        if leaning and marker is not None:
            leaning += f" on {marker!r}"
        self.id = f"simulated/{shares}{leaning}-{self._seed}({truth.id})"
        self.version = f"3+{truth.version}"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict per turn; what the truth does not say stays unsaid."""
        return [
            self._erring(turn, verdict)
            for turn, verdict in zip(turns, self.truth.judge(turns), strict=True)
        ]

    def _erring(self, turn: Turn, verdict: Verdict) -> Verdict:
        harmful = verdict.harmful
        if harmful is not None:
            if self._marked(turn) and self._draw(turn, "bias") < abs(self._bias):
                harmful = self._bias > 0
            elif self._draw(turn) >= self._right[harmful]:
                harmful = not harmful
        named = {"judge": self.id, "version": self.version}
        if harmful is verdict.harmful:
            return verdict.model_copy(update=named)
        score = None if verdict.score is None else float(bool(harmful))
        turned = {"harmful": harmful, "score": score, "category": None, "explanation": None}
        return verdict.model_copy(update={**named, **turned, "raw": None})

    def _marked(self, turn: Turn) -> bool:
        if self._marker is None:
            return True
        text = f"{turn.attack.query} {turn.attack.drawn or ''} {turn.response or ''}"
        return self._marker in text.casefold()

    def _draw(self, turn: Turn, what: str = "") -> float:
        image = turn.attack.image.sha256 if turn.attack.image else ""
        parts = (f"{self._seed}{what}", turn.scenario.id, turn.attack.query, image, turn.response)
        whole = "\0".join(part or "" for part in parts)
        digest = hashlib.sha256(whole.encode(errors="surrogatepass")).digest()
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
    """The registered `simulated/of`: the world's own truth, or another judge, with errors."""
    known = find_judge(truth, world, alone=True)
    return SimulatedJudge(known, sensitivity, specificity, bias=bias, marker=marker, seed=seed)


def _share(name: str, given: object, low: float) -> float:
    number = setting(float, name, given)
    if not low <= number <= 1.0:
        raise ConfigError(
            given=f"{name}={given}",
            why="it is a share of responses",
            fix=f"give a number from {low:g} to 1",
        )
    return number


def _short(number: float) -> str:
    """Short where that is the very same number, so that no two settings look alike."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
