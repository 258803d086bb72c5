"""A figure that is not known exactly: low, expected, high."""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    """Three estimates of one figure, ascending."""

    low: float
    expected: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Range:
        """A figure that follows from the configuration."""
        return cls(value, value, value)

    def plus(self, other: Range) -> Range:
        """The sum, term by term."""
        return Range(*(mine + its for mine, its in zip(self, other, strict=True)))

    def times(self, factor: float) -> Range:
        """A multiple."""
        return Range(*(value * factor for value in self))


NOTHING = Range.exactly(0.0)


def largest(first: Range, second: Range) -> Range:
    """The larger one, estimate by estimate."""
    return Range(*(max(pair) for pair in zip(first, second, strict=True)))
