"""Where the suites of a report come from, who judged them, and who judged them in the papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sectow_benchmarks.suites.registry import card_of

if TYPE_CHECKING:
    from sectow_benchmarks.results.run import EvaluationRun

NOT_STATED = "not stated"


@dataclass(frozen=True)
class SuiteSource:
    """A suite beside the world, as it was asked."""

    name: str
    title: str
    asks: str
    revision: str
    licence: str
    where: str
    """Host, repository and commit."""
    paper: str
    judge: str
    """Who judged here."""
    metric: str
    """What its authors report."""
    original_judge: str
    published_judge: str
    """Spec of ours that judges as they did; empty where there is no such judge."""


def sources_of(runs: Sequence[EvaluationRun]) -> list[SuiteSource]:
    """The suites of all evaluations, each revision and judge once."""
    made: dict[tuple[str, ...], SuiteSource] = {}
    for run in runs:
        kinds = dict(zip(run.samples["suite"], run.samples["suite_kind"], strict=True))
        for suite in run.about.get("other_suites", ()):
            name, judge = str(suite["name"]), str(suite["judge"])
            card = card_of(str(kinds.get(name, "")))
            made[name, str(suite["revision"]), judge] = SuiteSource(
                name=name,
                title=card.title if card else "",
                asks=card.asks if card else "",
                revision=str(suite["revision"]),
                licence=str(suite.get("licence") or NOT_STATED),
                where=card.source.where if card else "a file of the user's",
                paper=(card.paper or "") if card else "",
                judge=judge,
                metric=card.published.metric if card else "",
                original_judge=card.published.original_judge if card else "",
                published_judge=(card.published.judge or "") if card else "",
            )
    return list(made.values())
