"""A judge that is asked about equal turns once."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence

from sectow_env.game import Judge, Turn, Verdict
from sectow_env.game.picture import Picture

SIZE = 100_000


class CachedJudge:
    """Remembers a judge's verdicts; unscored turns are judged again.

    Args:
        judge: Is asked about what is new.
        size: Verdicts that are kept; the one that was longest not needed goes first.
    """

    def __init__(self, judge: Judge, size: int = SIZE) -> None:
        self.inner = judge
        self.members = (judge,)
        """Who is asked."""
        self._size = size
        self._known: OrderedDict[bytes, Verdict] = OrderedDict()
        self.id = judge.id
        self.version = judge.version
        self.judged = 0
        """Turns that the judge looked at."""
        self.spared = 0
        """Turns whose verdict was known."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict per turn, in order; what is new in one batch, equal turns once."""
        keys = [_key(turn) for turn in turns]
        new = {key: turn for key, turn in zip(keys, turns, strict=True) if key not in self._known}
        fresh = dict(zip(new, self.inner.judge(list(new.values())), strict=True)) if new else {}
        verdicts = [self._known.get(key) or fresh[key] for key in keys]
        self.judged += len(new)
        self.spared += len(turns) - len(new)
        for key, verdict in zip(keys, verdicts, strict=True):
            # Of a judge with members it is only a half: the other may not have answered.
            alone = verdict.on_behavior is not None and not getattr(self.inner, "members", ())
            if verdict.scored or alone:
                self._known[key] = verdict
                self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return verdicts


def _key(turn: Turn) -> bytes:
    """Digest of all that a judge can see: texts to the last half character, pictures by pixels."""
    text = json.dumps(turn.model_dump(), default=_picture, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _picture(value: object) -> str:
    if isinstance(value, Picture):
        return value.sha256
    raise TypeError(type(value).__name__)


def asks_a_model(judge: object) -> bool:
    """Whether a model is asked by a judge or one of its members."""
    return hasattr(judge, "model") or any(map(asks_a_model, getattr(judge, "members", ())))


def remembered(judge: Judge) -> Judge:
    """The judge; one that asks a model with a memory before it, since equal turns come back."""
    known = isinstance(judge, CachedJudge) or not asks_a_model(judge)
    return judge if known else CachedJudge(judge)
