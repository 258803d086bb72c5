"""Is a capability kept? Non-inferiority with a stated margin, not "no significant difference"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sectow_benchmarks.stats.estimate import Estimate

Retained = Literal["kept", "lost", "undecided", "not measured"]
MARGIN = 0.03


@dataclass(frozen=True)
class Retention:
    """What the interval of a change says about a margin."""

    change: Estimate
    margin: float
    verdict: Retained


def retention(change: Estimate, margin: float = MARGIN) -> Retention:
    """Compare the change of a capability with a margin.

    Args:
        change: After minus before, as of `difference`.
        margin: The loss that would still be accepted, a positive share.

    Returns:
        `kept` when the whole interval lies above -margin, `lost` when it lies below, `undecided`
        when it contains -margin: more items are needed then.

    Raises:
        ValueError: The margin is not positive.
    """
    if margin <= 0:
        raise ValueError(f"a margin of {margin}: it must be positive")
    if not change.known:
        return Retention(change, margin, "not measured")
    if change.low > -margin:
        return Retention(change, margin, "kept")
    return Retention(change, margin, "lost" if change.high < -margin else "undecided")
