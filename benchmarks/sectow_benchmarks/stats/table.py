"""From items to sums: what clustered estimates are made from, without a loop over items."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = "Sequence[float | bool | None] | Floats | pd.Series"
"""1 or 0 per item; None or NaN where it is missing."""
Labels: TypeAlias = "Sequence[str] | NDArray[np.object_] | pd.Series"


@dataclass(frozen=True)
class Table:
    """Sums and counts of shape (clusters, strata), and the number of missing items."""

    sums: Floats
    counts: Floats
    missing: int

    @property
    def n(self) -> int:
        """Scored items."""
        return int(self.counts.sum())

    @property
    def clusters(self) -> int:
        """Independent units."""
        return len(self.counts)

    @property
    def strata(self) -> int:
        """Groups of items that count the same each."""
        return int(self.counts.shape[1])

    @property
    def size(self) -> float:
        """Size of a simple sample with the variance of the mean over strata: S^2 / sum(1/n_s)."""
        return float(self.strata**2 / np.sum(1.0 / self.counts.sum(axis=0)))

    def mean(self) -> float:
        """Mean of the strata's means."""
        return float(np.mean(self.sums.sum(axis=0) / self.counts.sum(axis=0)))

    def variance(self) -> float:
        """Variance of the mean between clusters, by linearisation; NaN for a single cluster.

        With m clusters and z_c = sum over strata of (sum - mean * count) / (S n_s), it is
        m / (m - 1) times the sum of z_c^2 (the usual ultimate-cluster estimator of surveys).
        """
        if self.clusters < 2:
            return math.nan
        totals = self.counts.sum(axis=0)
        means = self.sums.sum(axis=0) / totals
        parts = (self.sums - means * self.counts) / (self.strata * totals)
        return float(self.clusters / (self.clusters - 1) * np.sum(parts.sum(axis=1) ** 2))

    def sides(self) -> int:
        """Clusters that contain an event, or those that contain a non-event: the smaller number."""
        events, total = self.sums.sum(axis=1), self.counts.sum(axis=1)
        return int(min((events > 0).sum(), (events < total).sum()))


def floats(values: Values) -> Floats:
    """Values as an array of shape (n,), missing ones as NaN."""
    if isinstance(values, Sequence):
        values = [math.nan if value is None else float(value) for value in values]
    return np.asarray(values, dtype=np.float64)


def tabulate(values: Values, clusters: Labels, strata: Labels | None) -> Table:
    """Sum items by cluster and stratum.

    Args:
        values: One per item.
        clusters: What an item shares with those that it depends on.
        strata: Groups that count the same each; None: all items are one group.

    Raises:
        ValueError: There is not one label per item.
    """
    numbers = floats(values)
    known = ~np.isnan(numbers)
    kept = numbers[known]
    rows, m = _codes(clusters, known)
    columns, width = (np.zeros(len(kept), dtype=np.intp), 1)
    if strata is not None:
        columns, width = _codes(strata, known)
    places = rows * width + columns
    sums = np.bincount(places, weights=kept, minlength=m * width)
    counts = np.bincount(places, minlength=m * width)
    return Table(
        sums.astype(np.float64).reshape(m, width),
        counts.astype(np.float64).reshape(m, width),
        int((~known).sum()),
    )


def _codes(labels: Labels, known: NDArray[np.bool_]) -> tuple[NDArray[np.intp], int]:
    """A number for each kept label, in order of the labels, and how many there are."""
    import pandas as pd

    if len(labels) != len(known):
        raise ValueError(f"{len(labels)} labels for {len(known)} values")
    kept = np.asarray(labels, dtype=object)[known]
    codes, names = pd.factorize(kept, sort=True)
    return codes.astype(np.intp), len(names)
