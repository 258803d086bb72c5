"""The result of a measurement: a value with its interval, and the items behind it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

LEVEL = 0.95
FEW_CLUSTERS = 20
"""From so many clusters on, simulated coverage of the clustered interval is at least 0.90."""


@dataclass(frozen=True)
class Estimate:
    """A rate, or a difference of rates, with its 95% interval."""

    value: float
    """NaN when nothing was scored."""
    low: float
    high: float
    n: int
    """Scored items."""
    clusters: int
    """Independent units among them."""
    missing: int
    """Items without a value: in no numerator and in no denominator."""
    method: str
    """How the interval was made; `none` when nothing was scored."""

    @property
    def known(self) -> bool:
        """Whether anything was scored."""
        return self.n > 0

    @property
    def few(self) -> bool:
        """Whether there are so few clusters that the interval is only a rough guide."""
        return self.known and self.clusters < FEW_CLUSTERS

    def to_json(self) -> dict[str, Any]:
        """The fields, NaN as None: JSON has no NaN."""
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in asdict(self).items()
        }


def nothing(missing: int) -> Estimate:
    """What is known when no item was scored."""
    return Estimate(math.nan, math.nan, math.nan, 0, 0, missing, "none")
