"""The interval of a single rate covers everywhere and is not much wider than Wilson's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_benchmarks.stats import proportion_interval
from sectow_benchmarks.studies.coverage.simulation import RATES, single_table

FLOOR, WIDEST = 0.93, 1.2


def test_published_limits_come_out() -> None:
    """Clopper and Pearson's limits of 10 of 100: 0.0490 and 0.1762 (their charts; Fleiss 2003)."""
    interval = proportion_interval(10, 100)
    assert (interval.low, interval.high) == pytest.approx((0.0490, 0.1762), abs=5e-5)
    assert proportion_interval(0, 50).high == pytest.approx(1 - 0.025 ** (1 / 50))


def test_the_interval_in_use_keeps_its_floors() -> None:
    for row in single_table(("beta",), (50, 100, 500, 5000)):
        assert min(row.at_rates) >= FLOOR
        assert row.worst >= 0.95
        assert row.least_width > 0.0
        assert row.widest <= WIDEST


def test_the_table_sees_an_interval_that_does_not_keep_them() -> None:
    (wilson,) = single_table(("wilson",), (50,))
    assert wilson.at_rates[RATES.index(0.01)] == pytest.approx(0.911, abs=1e-3)
    (jeffreys,) = single_table(("jeffreys",), (50,))
    assert min(jeffreys.at_rates) < FLOOR


@given(st.integers(1, 400), st.floats(0.0, 1.0))
def test_the_rate_lies_inside_and_sides_can_be_exchanged(n: int, share: float) -> None:
    successes = share * n
    low, high = proportion_interval(successes, n)
    assert 0.0 <= low <= successes / n + 1e-9
    assert successes / n - 1e-9 <= high <= 1.0
    assert high - low > 0.0
    other = proportion_interval(n - successes, n)
    assert (low, high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-6)


@pytest.mark.parametrize(("successes", "n"), [(1.0, 0.0), (-1.0, 5.0), (6.0, 5.0)])
def test_what_is_no_share_is_refused(successes: float, n: float) -> None:
    with pytest.raises(ValueError, match="successes"):
        proportion_interval(successes, n)
