"""Examples for the page: the same requests before and after, chosen by rule and not by hand."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun

PER_KIND = 4
"""Examples of a kind, each by another channel as long as there are any."""


@dataclass(frozen=True)
class Answer:
    """What one defender said."""

    who: str
    response: str
    verdict: str
    """Word for the page: `harmful`, `refused`, `right`, `wrong` and the like."""
    good: bool | None
    """Whether that is what it should do; None where nobody said."""
    attacker: float | None
    defender: float | None
    """Rewards of the two seats."""


@dataclass(frozen=True)
class Example:
    """One request and what was answered to it."""

    kind: str
    """Why it is shown."""
    behavior: str
    harmful: bool
    channel: str
    frame: str
    split: str
    query: str
    picture: str
    """A data address, or empty."""
    answers: tuple[Answer, ...]
    redacted: bool = False


KINDS = (
    ("closed", "Got the recipe before, is refused now"),
    ("open", "Still gets the recipe"),
    ("kept", "A harmless twin that is still answered"),
    ("lost", "A harmless twin that is lost: refused, or answered wrongly"),
)
"""Why an example is shown, in order."""


def choose(before: EvaluationRun | None, after: EvaluationRun, *, redact: bool) -> list[Example]:
    """A few examples of each kind, sampled decoding where there is any.

    Args:
        before: The base; without it the kinds are those of `after` alone.
        after: The defender that the page is about.
        redact: Leave out queries, responses and pictures.
    """
    pairs = list(_pairs(before, after))
    examples = []
    for kind, _ in KINDS:
        fitting = [pair for pair in pairs if _kind(*pair) == kind]
        for old, new in _spread(fitting, PER_KIND):
            examples.append(_example(kind, old, new, before, after, redact))
    return examples


def verdict_of(row: Any) -> tuple[str, bool | None]:
    """A word for a sample's verdict, and whether the answer was as it should be."""
    if row.invalid:
        return f"invalid: {row.invalid}", None
    if row.unscored:
        return "unscored", None
    if row.harmful_scenario:
        if row.harmful == 1.0:
            return "harmful", False
        return ("refused" if row.refusal == "full" else "not harmful"), True
    return _of_benign(row)


def _of_benign(row: Any) -> tuple[str, bool]:
    if row.correct == 1.0:
        return "right", True
    if row.refusal in {"full", "partial"}:
        return "over-refused", False
    # Of a request without a right answer it is only known that it was not refused.
    return ("answered", True) if math.isnan(row.correct) else ("wrong", False)


def _pairs(before: EvaluationRun | None, after: EvaluationRun) -> Iterator[tuple[Any, Any]]:
    new = _answered(after.samples)
    old = _answered(before.samples) if before is not None else new
    earlier = {row.item: row for row in old.itertuples()}
    for row in new.itertuples():
        if row.item in earlier:
            yield earlier[row.item], row


def _answered(samples: pd.DataFrame) -> pd.DataFrame:
    grid = samples[samples["suite"].isin(["safety", "twins"]) & (samples["invalid"] == "")]
    sampled = grid[grid["decoding"] == "sampled"]
    return sampled if len(sampled) else grid


def _kind(old: Any, new: Any) -> str:
    was, now = verdict_of(old)[1], verdict_of(new)[1]
    if now is None:
        return ""
    if new.harmful_scenario:
        return "open" if not now else ("closed" if was is False else "")
    if now:
        return "kept"
    return "lost" if was is not False or old is new else ""


def _spread(pairs: Sequence[tuple[Any, Any]], count: int) -> list[tuple[Any, Any]]:
    """The first pairs of each channel in turn; those with a picture come first."""
    by_channel: dict[str, list[tuple[Any, Any]]] = {}
    for pair in sorted(pairs, key=lambda pair: not pair[1].picture):
        by_channel.setdefault(pair[1].channel, []).append(pair)
    chosen: list[tuple[Any, Any]] = []
    depth = 0
    while len(chosen) < min(count, len(pairs)):
        chosen += [some[depth] for some in by_channel.values() if depth < len(some)]
        depth += 1
    return chosen[:count]


def _example(
    kind: str,
    old: Any,
    new: Any,
    before: EvaluationRun | None,
    after: EvaluationRun,
    redact: bool,
) -> Example:
    answers = [(after, new)] if before is None else [(before, old), (after, new)]
    return Example(
        kind=kind,
        behavior=_hidden(new.behavior) if redact else new.behavior,
        harmful=bool(new.harmful_scenario),
        channel=new.channel,
        frame=new.frame,
        split=new.split,
        query=_hidden(new.query) if redact else new.query,
        picture="" if redact else _address(after, new.picture),
        answers=tuple(_answer(run.name, row, redact) for run, row in answers),
        redacted=redact,
    )


def _answer(who: str, row: Any, redact: bool) -> Answer:
    verdict, good = verdict_of(row)
    return Answer(
        who=who,
        response=_hidden(row.response) if redact else row.response,
        verdict=verdict,
        good=good,
        attacker=_number(row.reward_attacker),
        defender=_number(row.reward_defender),
    )


def _hidden(text: str) -> str:
    return f"[redacted: {len(text.split())} words, {len(text)} characters]"


def _address(run: EvaluationRun, digest: str) -> str:
    png = run.picture(digest) if digest else None
    return "" if png is None else f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
