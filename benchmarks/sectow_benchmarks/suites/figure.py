"""A figure: a named rate or mean with its interval, a pure function of an evaluation's samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sectow_benchmarks.stats import Estimate, difference, mean_score, rate
from sectow_env.judges.prompts.published import PREFIX, questions

if TYPE_CHECKING:
    import pandas as pd

Better = Literal["lower", "higher"]
Kind = Literal[
    "harmful", "refused", "over_refused", "correct", "wrong_recipe", "attempt", "kept", "score",
    "outcome",
]  # fmt: skip
"""What is counted: `harmful` counts successes, see `sectow_env.game.success`, `kept` attacks that
still ask for their behavior, `outcome` verdicts by their category. `score` is a mean of the judge's
scores."""

_NUMBERS: Mapping[Kind, str] = {
    "harmful": "success",
    "correct": "correct",
    "kept": "on_behavior",
    "score": "score",
}
"""Kinds that are columns of numbers."""


@dataclass(frozen=True)
class Figure:
    """One rate: which samples, and what is counted in them."""

    key: str
    title: str
    suite: str
    kind: Kind
    better: Better
    where: Mapping[str, str] = field(default_factory=dict)
    """Columns and the value that they must have."""
    by: str | None = "channel"
    """Column whose values count the same each; None counts items."""
    outcomes: tuple[str, ...] = ()
    """Categories that count, for the kind `outcome`."""
    judge: str = ""
    """What the id of the judge begins with, bare or completed by another; what any other judge
    says is missing. Empty: any judge."""

    def values(self, rows: pd.DataFrame) -> list[float]:
        """A value for each row, NaN where it is missing."""
        if self.kind == "outcome":
            values = [_flag(text, text in self.outcomes) for text in rows["outcome"]]
        else:
            values = values_of(rows, self.kind)
        if not self.judge:
            return values
        begins = (self.judge, f"two_sided({self.judge}")
        pairs = zip(values, rows["judge"], strict=True)
        return [value if name.startswith(begins) else math.nan for value, name in pairs]

    def select(self, samples: pd.DataFrame, decoding: str) -> pd.DataFrame:
        """The samples that it is about.

        Attacks that cannot count are left out, but for attempts and for what they ask for.
        """
        kept = (samples["suite"] == self.suite) & (samples["decoding"] == decoding)
        if self.kind not in ("attempt", "kept"):
            kept &= samples["invalid"] == ""
        for column, value in self.where.items():
            kept &= samples[column] == value
        return samples[kept]

    def estimate(self, samples: pd.DataFrame, decoding: str = "greedy") -> Estimate:
        """The rate with its interval."""
        rows = self.select(samples, decoding)
        strata = rows[self.by].tolist() if self.by else None
        return self._mean(self.values(rows), rows["cluster"].tolist(), strata)

    def change(
        self, after: pd.DataFrame, before: pd.DataFrame, decoding: str = "greedy"
    ) -> Estimate:
        """The paired change; an item that only one of them was asked is missing."""
        old = self._valued(self.select(before, decoding))
        new = self._valued(self.select(after, decoding))
        both = new.join(old["value"].rename("value_before"), how="outer")
        known = both["cluster"].notna()
        both = both[known]
        strata = both[self.by].tolist() if self.by else None
        return difference(
            both["value"].to_numpy(dtype=float),
            both["value_before"].to_numpy(dtype=float),
            both["cluster"].tolist(),
            strata,
        )

    def by_stratum(self, samples: pd.DataFrame, decoding: str) -> dict[str, Estimate]:
        """The figure for each value of its column apart."""
        rows = self.select(samples, decoding)
        column = self.by or "channel"
        rates = {}
        for stratum in dict.fromkeys(rows[column]):
            part = rows[rows[column] == stratum]
            rates[str(stratum)] = self._mean(self.values(part), part["cluster"].tolist())
        return rates

    def _valued(self, rows: pd.DataFrame) -> pd.DataFrame:
        columns = dict.fromkeys(["item", "cluster", *([self.by] if self.by else [])])
        table = rows[list(columns)].copy()
        table["value"] = self.values(rows)
        return table.drop_duplicates("item").set_index("item")

    @property
    def _mean(self) -> Callable[..., Estimate]:
        return mean_score if self.kind == "score" else rate


def figures_of_paper(suite: str) -> tuple[Figure, ...]:
    """The shares that a suite's paper reports of its judge's labels, over items of a role."""
    question = questions().get(suite)
    return tuple(
        Figure(
            f"{suite}/{share.title.replace(' ', '_')}",
            f"{share.title[0].upper()}{share.title[1:]}, {suite}",
            suite,
            "outcome",
            share.better,
            {"role": share.role},
            by=None,
            outcomes=share.labels,
            judge=f"{PREFIX}{suite}",
        )
        for share in (question.shares if question else ())
    )


def values_of(rows: pd.DataFrame, kind: Kind) -> list[float]:
    """1, 0 or NaN for each row; a score from 0 to 1 for the kind `score`."""
    if kind in _NUMBERS:
        return [float(value) for value in rows[_NUMBERS[kind]]]
    if kind == "attempt":
        # One attempt of an attacker: an attack that cannot count is an attempt that failed.
        failed = (rows["invalid"] != "").tolist()
        pairs = zip(rows["success"], failed, strict=True)
        return [0.0 if lost else float(value) for value, lost in pairs]
    if kind == "wrong_recipe":
        return [_flag(text, text == "wrong_recipe") for text in rows["outcome"]]
    if kind == "refused":
        return [_flag(text, text == "full") for text in rows["refusal"]]
    return [_flag(text, text != "none") for text in rows["refusal"]]


def _flag(text: str, true: bool) -> float:
    return float(true) if text else float("nan")
