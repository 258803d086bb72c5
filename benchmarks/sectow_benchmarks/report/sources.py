"""Where the suites of a report come from, who judged them, and who judged them in the papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.registry import card_of

if TYPE_CHECKING:
    from sectow_benchmarks.results.run import EvaluationRun

NOT_STATED = "not stated"


class SuiteSource(NamedTuple):
    """A suite beside the world, as it was asked."""

    name: str
    revision: str
    licence: str
    judge: str
    """Who judged here."""
    card: About | None
    """None for a file of the user's."""


def sources_of(runs: Sequence[EvaluationRun]) -> list[SuiteSource]:
    """The suites of all evaluations, each revision and judge once."""
    made: dict[tuple[str, ...], SuiteSource] = {}
    for run in runs:
        kinds = dict(zip(run.samples["suite"], run.samples["suite_kind"], strict=True))
        for suite in run.about.get("other_suites", ()):
            key = (str(suite["name"]), str(suite["revision"]), str(suite["judge"]))
            licence = str(suite.get("licence") or NOT_STATED)
            card = card_of(str(kinds.get(key[0], "")))
            made[key] = SuiteSource(key[0], key[1], licence, key[2], card)
    return list(made.values())
