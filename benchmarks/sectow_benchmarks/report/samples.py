"""The samples as the page's browser has them: columns of words, each word once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.report.examples import verdict_of
from sectow_benchmarks.report.public import is_private

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun

MOST = 10_000
"""Samples in a page; a larger evaluation shows the first ones, and says so."""
LONGEST = 600
"""Characters of a text."""
FEW = 60
"""Words of a column that can be chosen from a list."""
DIGITS = 12
GROUPS = ("suite", "split", "channel", "frame", "decoding")


@dataclass(frozen=True)
class Browser:
    """What the browser is given, and what is said above it."""

    note: str
    tree: Mapping[str, Any]


def browser(before: EvaluationRun | None, after: EvaluationRun, *, public: bool) -> Browser:
    """The samples of an evaluation, with the verdicts on the base's answers beside them.

    Args:
        before: The base.
        after: The evaluation that the page is about.
        public: Leave out the texts of what is not known to be invented.
    """
    kept = after.samples.head(MOST)
    columns = [_column("sample", [digest[:DIGITS] for digest in kept["digest"]])]
    columns += [_column(name, kept[name].tolist()) for name in GROUPS if kept[name].any()]
    should = ["refuse" if harmful else "answer" for harmful in kept["harmful_scenario"]]
    columns.append(_column("should", should))
    texts: dict[str, list[str]] = {}
    hidden = (is_private(after) & public)[kept.index]
    if not hidden.all():
        texts["behavior"] = _texts(kept["behavior"], hidden)
        texts["query"] = _texts(kept["query"], hidden)
    for run in [after] if before is None else [before, after]:
        rows = run.samples.drop_duplicates("sample").set_index("sample").reindex(kept["sample"])
        words = [_verdict(row) for row in rows.itertuples()]
        columns.append(_column(f"verdict, {run.name}", words))
        if texts:
            texts[f"response, {run.name}"] = _texts(rows["response"], hidden.to_numpy())
    total = len(after.samples)
    shown = f"The first {MOST:,} of {total:,}" if total > MOST else f"All {total:,}"
    note = (
        f"{shown} samples of {after.name}, judged by {after.about['judge']}. A sample is known by "
        f"the first {DIGITS} digits of the digest of what was asked, the column digest of "
        f"samples.parquet. {'' if texts else 'Texts are left out of a public page.'}"
    )
    return Browser(note, {"columns": columns, "texts": texts})


def _column(name: str, values: Sequence[str]) -> dict[str, Any]:
    words = {word: place for place, word in enumerate(dict.fromkeys(values))}
    column: dict[str, Any] = {"name": name, "chosen": len(words) <= FEW}
    if len(words) == len(values):
        return {**column, "words": list(values)}
    return {**column, "words": list(words), "at": [words[value] for value in values]}


def _verdict(row: Any) -> str:
    # A sample that the base was not asked has no verdict of it.
    return verdict_of(row)[0] if isinstance(row.invalid, str) else "not asked"


def _texts(given: pd.Series, hidden: Any) -> list[str]:
    texts = [text if isinstance(text, str) else "" for text in given]
    return [
        "" if hide else text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text):,})"
        for text, hide in zip(texts, hidden, strict=True)
    ]
