"""What makes two evaluations comparable."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sectow_benchmarks.suites.revisions import OF_ATTACKERS

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun

OF_A_WORLD = "max_new_tokens"
DECODING = ("temperature", OF_A_WORLD)
"""Settings that change what an answer of a fixed suite means."""


def item_sets(samples: pd.DataFrame) -> dict[str, str]:
    """A digest of what was asked, by suite and decoding; order does not matter."""
    fixed = samples[~samples["suite"].isin(OF_ATTACKERS)]
    digests = {}
    for (suite, decoding), rows in fixed.groupby(["suite", "decoding"], sort=True):
        items = sorted(rows["item"].str.cat(rows["digest"], sep="\0"))
        digests[f"{suite}, {decoding}"] = hashlib.sha256("\n".join(items).encode()).hexdigest()
    return digests


def differences(first: EvaluationRun, other: EvaluationRun) -> list[str]:
    """Why two evaluations cannot be ranked together; empty when they can.

    A suite that only one of them was asked is no hindrance: its figure is missing there.
    """
    differing = [
        f"{what} ({mine} and {theirs})"
        for what, mine, theirs in (
            ("judge", first.about["judge"], other.about["judge"]),
            ("world", *(run.about["world"].get("id") for run in (first, other))),
            *_settings(first, other),
            *_revisions(first, other),
            *_judges(first, other),
        )
        if mine != theirs
    ]
    mine, others = item_sets(first.scores), item_sets(other.scores)
    changed = [key for key in mine.keys() & others.keys() if mine[key] != others[key]]
    return differing + [f"items of {key}" for key in sorted(changed)]


def _settings(first: EvaluationRun, other: EvaluationRun) -> list[tuple[str, object, object]]:
    settings = (first.about["settings"], other.about["settings"])
    # Suites of the field have longest answers of their own.
    ours = any(run.about["world"] for run in (first, other))
    names = DECODING if ours else tuple(name for name in DECODING if name != OF_A_WORLD)
    return [(name, *(each.get(name) for each in settings)) for name in names]


def _revisions(first: EvaluationRun, other: EvaluationRun) -> list[tuple[str, object, object]]:
    mine, theirs = first.about["suites"], other.about["suites"]
    both = [suite for suite in mine if suite in theirs and suite not in OF_ATTACKERS]
    return [(f"revision of the suite {suite}", mine[suite], theirs[suite]) for suite in both]


def _judges(first: EvaluationRun, other: EvaluationRun) -> list[tuple[str, object, object]]:
    """Judges and worlds of the suites that both were asked beside their world."""
    mine, theirs = (
        {suite["name"]: suite for suite in run.about.get("other_suites", ())}
        for run in (first, other)
    )
    return [
        (f"{what} of {name}", mine[name][what], theirs[name][what])
        for name in mine
        if name in theirs
        for what in ("judge", "world")
    ]
