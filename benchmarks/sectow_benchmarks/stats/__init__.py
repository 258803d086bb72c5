"""Statistics: intervals that stay honest at 0 of n, tests on paired items, and what n can show.

Every rate in a table is a `rate`, every mean of scores a `mean_score`, every change a `difference`.
What is missing is counted and is in no numerator and in no denominator.
"""

from collections.abc import Mapping

from sectow_benchmarks.stats import at_k, clustered, hierarchical, independent, paired
from sectow_benchmarks.stats.at_k import success_at_k
from sectow_benchmarks.stats.clustered import mean_score, rate
from sectow_benchmarks.stats.estimate import FEW_CLUSTERS, Estimate
from sectow_benchmarks.stats.hierarchical import Comparison, compare_methods
from sectow_benchmarks.stats.independent import mean_of
from sectow_benchmarks.stats.multiple import holm
from sectow_benchmarks.stats.paired import McNemar, difference, mcnemar
from sectow_benchmarks.stats.power import detectable_change, detectable_rate
from sectow_benchmarks.stats.ranks import Outcomes, RankInterval, rank_intervals
from sectow_benchmarks.stats.retention import Retention, retention
from sectow_benchmarks.stats.single import proportion_interval
from sectow_benchmarks.stats.unscored import Bounds, unscored_bounds

METHODS: Mapping[str, str] = {
    clustered.METHOD: clustered.WORDS,
    **paired.WORDS,
    at_k.METHOD: at_k.WORDS,
    hierarchical.METHOD: hierarchical.WORDS,
    independent.METHOD: independent.WORDS,
    "none": "none: nothing was scored",
}
"""How each interval is made, by `Estimate.method`: what pages say of it comes from here."""

__all__ = [
    "FEW_CLUSTERS",
    "METHODS",
    "Bounds",
    "Comparison",
    "Estimate",
    "McNemar",
    "Outcomes",
    "RankInterval",
    "Retention",
    "compare_methods",
    "detectable_change",
    "detectable_rate",
    "difference",
    "holm",
    "mcnemar",
    "mean_of",
    "mean_score",
    "proportion_interval",
    "rank_intervals",
    "rate",
    "retention",
    "success_at_k",
    "unscored_bounds",
]
