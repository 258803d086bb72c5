"""The mean over estimates of different items, such as the suites of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from sectow_benchmarks.stats.estimate import Estimate, nothing

METHOD = "mover"
WORDS = (
    "of a mean over suites, their own intervals put together as those of independent estimates "
    "(MOVER; Zou and Donner 2008)"
)


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates, each of which counts the same.

    Where nothing was scored an estimate is left out. A single one is given back as it is.
    """
    known = [estimate for estimate in estimates if estimate.known]
    missing = sum(estimate.missing for estimate in estimates)
    if not known:
        return nothing(missing)
    if len(known) == 1:
        return replace(known[0], missing=missing)
    count = len(known)
    value = sum(estimate.value for estimate in known) / count
    below = math.hypot(*(estimate.value - estimate.low for estimate in known)) / count
    above = math.hypot(*(estimate.high - estimate.value for estimate in known)) / count
    return Estimate(
        value=value,
        low=value - below,
        high=value + above,
        n=sum(estimate.n for estimate in known),
        clusters=sum(estimate.clusters for estimate in known),
        missing=missing,
        method=METHOD,
    )
