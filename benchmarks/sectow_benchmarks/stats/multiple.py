"""Several tests at once: Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Mapping


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values (Holm 1979): the chance of any false alarm stays at the level.

    Args:
        p_values: By suite; NaN where a test could not be made. Those stay NaN and do not count.
    """
    from statsmodels.stats.multitest import multipletests

    known = {name: p for name, p in p_values.items() if not math.isnan(p)}
    if not known:
        return dict(p_values)
    adjusted = multipletests(list(known.values()), method="holm")[1]
    by_name = dict(zip(known, map(float, adjusted), strict=True))
    return {name: by_name.get(name, math.nan) for name in p_values}
