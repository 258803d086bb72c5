"""The mean over suites: each counts the same, and its interval covers."""

from __future__ import annotations

import numpy as np
import pytest

from sectow_benchmarks.stats import mean_of, rate


def test_each_counts_the_same_and_one_alone_is_itself() -> None:
    small, large = rate([1.0, 0.0], list("ab")), rate([0.0] * 50, list(map(str, range(50))))
    both = mean_of([small, large])
    assert both.value == 0.25
    assert (both.n, both.clusters) == (52, 52)
    assert both.low < both.value < both.high, "nothing seen is not certainty"
    assert mean_of([small]) == small
    assert mean_of([small, rate([None], ["a"])]).value == 0.5
    assert mean_of([small, rate([None], ["a"])]).missing == 1
    assert not mean_of([]).known


def test_it_covers_the_mean_of_independent_rates() -> None:
    rng = np.random.default_rng(1)
    truth, names = (0.02, 0.2, 0.5), [str(number) for number in range(60)]
    drawn = [
        mean_of([rate((rng.random(60) < share).astype(float), names) for share in truth])
        for _ in range(300)
    ]
    covered = [each.low <= sum(truth) / 3 <= each.high for each in drawn]
    assert np.mean(covered) >= 0.93
    assert np.mean([each.high - each.low for each in drawn]) == pytest.approx(0.12, abs=0.01)
