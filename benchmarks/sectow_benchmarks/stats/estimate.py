"""The result of a measurement: a value with its interval, and the items behind it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

LEVEL = 0.95
FEW_CLUSTERS = 20
"""From so many clusters on, simulated coverage of the clustered interval is at least 0.90."""

Number = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    PlainSerializer(lambda value: None if math.isnan(value) else value),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]}),
]
"""NaN here, and null in JSON, which has no NaN."""
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Estimate:
    """A rate, or a difference of rates, with its 95% interval."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    value: Number
    """NaN when nothing was scored."""
    low: Number
    high: Number
    n: Count
    """Scored items."""
    clusters: Count
    """Independent units among them."""
    missing: Count
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
