"""Ratings of attackers and defenders from who beat whom: a game of two populations.

Bradley-Terry puts both on one scale, which hides cycles; the Nash average does not, and the
cyclicity index measures how much there is to hide.
"""

from sectow_benchmarks.ratings.bradley_terry import Rating, Ratings, bradley_terry
from sectow_benchmarks.ratings.cyclicity import Cyclicity, cyclicity
from sectow_benchmarks.ratings.nash import NashAverage, nash_average
from sectow_benchmarks.ratings.outcomes import Outcomes

__all__ = [
    "Cyclicity",
    "NashAverage",
    "Outcomes",
    "Rating",
    "Ratings",
    "bradley_terry",
    "cyclicity",
    "nash_average",
]
