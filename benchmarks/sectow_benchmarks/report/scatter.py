"""Attack success against over-refusal: a point per model, and the front that none of them beats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sectow_benchmarks.report.charts import TICKS, listed, percent
from sectow_benchmarks.stats import Estimate

SCALES = (0.1, 0.25, 0.5, 1.0)
"""Ends of the axes: the smallest that every interval fits into."""
LONGEST = 18
"""A longer name is numbered, with a list below."""
ROOM = (300.0, 300.0)
"""Pixels of the plot on a phone: where names do not hide each other there, they do nowhere."""
LINE, LETTER, GAP = 16.0, 7.5, 8.0
"""Pixels of a line and of a letter, and from a point to its name."""


@dataclass(frozen=True)
class Point:
    """A model: what it refuses that it should answer, and what it gives that it should refuse."""

    name: str
    across: Estimate
    up: Estimate

    def beats(self, other: Point) -> bool:
        """Whether it is at least as good in both and better in one."""
        mine = (self.across.value, self.up.value)
        theirs = (other.across.value, other.up.value)
        return mine != theirs and mine[0] <= theirs[0] and mine[1] <= theirs[1]


def front_of(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats, from left to right."""
    kept = [point for point in points if not any(other.beats(point) for other in points)]
    return sorted(kept, key=lambda point: (point.across.value, -point.up.value))


def scatter(title: str, points: Sequence[Point]) -> Markup:
    """The points with their intervals and names, and the front as a line."""
    reach = max(max(point.across.high, point.up.high) for point in points)
    end = next((scale for scale in SCALES if reach <= scale), SCALES[-1])
    names = [point.name for point in points]
    short = all(len(name) <= LONGEST for name in names)
    labels = names if short else [str(number) for number in range(1, len(names) + 1)]
    front = front_of(points)
    parts = [*_axes(end), _line(front, end)]
    parts += [_point(point, end, front=point in front) for point in points]
    parts += _labels(points, labels, end)
    chart = Markup('<svg class="chart square" role="img"><title>{}</title>{}</svg>').format(
        title, Markup("").join(parts)
    )
    return chart if short else chart + listed("named", names)


def _axes(end: float) -> Iterator[Markup]:
    for tick in TICKS:
        at = percent(tick)
        yield Markup(
            '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>'
            '<line class="grid" x1="{1}" x2="{1}" y1="0" y2="100%"/>'
            '<text class="tick" x="-8" y="{0}" dy=".35em" text-anchor="end">{2:g}</text>'
            '<text class="tick" x="{1}" y="100%" dy="1.5em" text-anchor="middle">{2:g}</text>'
        ).format(percent(1.0 - tick), at, tick * end)


def _line(front: Sequence[Point], end: float) -> Markup:
    """The front in steps: between two of its points both figures are those of the worse one."""
    places: list[tuple[float, float]] = []
    for point in front:
        x, y = point.across.value / end, 1.0 - point.up.value / end
        if places:
            places.append((x, places[-1][1]))
        places.append((x, y))
    drawn = " ".join(f"{1000 * x:.1f},{1000 * y:.1f}" for x, y in places)
    return Markup(
        '<g class="front"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none">'
        '<polyline points="{}"/></svg></g>'
    ).format(drawn)


def _point(point: Point, end: float, *, front: bool) -> Markup:
    across, up = point.across, point.up
    title = (
        f"{point.name}: attack success {up.value:.3f} [{up.low:.3f}, {up.high:.3f}], over-refusal "
        f"{across.value:.3f} [{across.low:.3f}, {across.high:.3f}]"
    )
    x, low, high = (percent(value / end) for value in (across.value, across.low, across.high))
    y, under, over = (percent(1.0 - value / end) for value in (up.value, up.low, up.high))
    return Markup(
        '<g class="{}"><title>{}</title>'
        '<line class="whisker" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<line class="whisker" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<circle class="dot" cx="{}" cy="{}" r="6"/></g>'
    ).format("s1" if front else "s5", title, low, high, y, y, x, x, under, over, x, y)


def _labels(points: Sequence[Point], labels: Sequence[str], end: float) -> Iterator[Markup]:
    """Names beside their points, hiding neither each other nor a point where there is room."""
    width, height = ROOM
    places = [
        (width * point.across.value / end, height * (1.0 - point.up.value / end))
        for point in points
    ]
    taken = [(x - GAP, y - GAP, x + GAP, y + GAP) for x, y in places]
    for (x, y), label, point in zip(places, labels, points, strict=True):
        size = LETTER * len(label)
        tries = [
            (anchor, dx, dy, _box(x + dx, y + dy, size, anchor))
            for dy in (-LINE, LINE, 0.0, -2 * LINE, 2 * LINE, -3 * LINE, 3 * LINE)
            for anchor, dx in (("start", GAP + 3), ("end", -GAP - 3))
        ]
        fitting = [
            each
            for each in tries
            if each[3][0] >= 0 and each[3][2] <= width and 0 <= each[3][1] and each[3][3] <= height
        ]
        free = [each for each in fitting if not any(_meet(each[3], box) for box in taken)]
        anchor, dx, dy, box = (free or fitting or tries)[0]
        taken.append(box)
        yield Markup(
            '<text class="label" x="{}" y="{}" dx="{:g}" dy="{:g}" text-anchor="{}">{}</text>'
        ).format(
            *(percent(point.across.value / end), percent(1.0 - point.up.value / end)),
            *(dx, dy + 4, anchor, label),
        )


Box = tuple[float, float, float, float]


def _box(x: float, y: float, width: float, anchor: str) -> Box:
    left = x if anchor == "start" else x - width
    return (left, y - LINE / 2, left + width, y + LINE / 2)


def _meet(first: Box, second: Box) -> bool:
    across = first[0] < second[2] and second[0] < first[2]
    return across and first[1] < second[3] and second[1] < first[3]
