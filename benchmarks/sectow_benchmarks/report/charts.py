"""Small charts as inline SVG: no script, no font, no network; colours come from the page's style.

Every text goes through `escape`. A chart has a title for those who cannot see it, and the page has
the same numbers in a table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from sectow_benchmarks.stats import Estimate

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
MARKERS = ("circle", "square", "diamond", "triangle", "ring", "cross")


@dataclass(frozen=True)
class Series:
    """One line of a chart by round."""

    label: str
    points: tuple[Estimate, ...]
    style: int
    """Number of its colour and marker."""


@dataclass(frozen=True)
class Line:
    """One line over optimizer steps; NaN where nothing was measured."""

    label: str
    values: tuple[float, ...]
    style: int
    dashed: bool = False


@dataclass(frozen=True)
class Band:
    """A stretch of optimizer steps that belongs to one phase."""

    label: str
    start: int
    stop: int
    kind: str
    """`attacker` or `defender`."""


@dataclass(frozen=True)
class _Frame:
    """Where the plot lies in the drawing, in pixels."""

    width: int
    height: int
    left: int = 44
    right: int = 14
    top: int = 14
    bottom: int = 30

    def x(self, share: float) -> float:
        return self.left + share * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        return self.top + (1.0 - value) * (self.height - self.top - self.bottom)


def by_round(title: str, rounds: Sequence[str], series: Sequence[Series]) -> Markup:
    """Rates by round with their intervals."""
    frame = _Frame(520, 280)
    parts = [_axes(frame, "rate")]
    slots = max(1, len(rounds))
    for index, name in enumerate(rounds):
        parts.append(_label(frame.x((index + 0.5) / slots), frame.height - 9, name))
    for number, line in enumerate(series):
        # Series stand beside each other, so that their intervals do not hide one another.
        shift = (number - (len(series) - 1) / 2) * 9.0
        places = [frame.x((index + 0.5) / slots) + shift for index in range(slots)]
        parts.append(_round_series(frame, line, places, rounds))
    return _svg(frame, title, parts)


def over_steps(title: str, bands: Sequence[Band], lines: Sequence[Line], steps: int) -> Markup:
    """Rates over the optimizer steps of all phases."""
    frame = _Frame(1080, 260, top=30)
    parts = []
    for band in bands:
        left, right = (frame.x(at / max(1, steps)) for at in (band.start, band.stop))
        parts.append(
            Markup('<rect class="band {}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
                band.kind, left, frame.top, right - left, frame.height - frame.top - frame.bottom
            )
        )
        parts.append(_label((left + right) / 2, 20, band.label))
    parts.append(_axes(frame, "rate"))
    parts += [_polyline(frame, line, steps) for line in lines]
    parts.append(_label(frame.x(0.5), frame.height - 8, f"optimizer steps (0 to {steps})"))
    return _svg(frame, title, parts)


def dumbbell(before: Estimate | None, after: Estimate, better: str) -> Markup:
    """A figure before and after on a scale from 0 to 1, for a cell of a table."""
    width, height = 190, 26
    parts = [
        Markup('<line class="scale" x1="6" x2="{}" y1="{}" y2="{}"/>').format(
            width - 6, height - 4, height - 4
        )
    ]
    for estimate, kind, y in ((before, "before", 7.0), (after, "after", 16.0)):
        if estimate is None or not estimate.known:
            continue
        low, mid, high = (
            6 + value * (width - 12) for value in (estimate.low, estimate.value, estimate.high)
        )
        parts.append(
            Markup(
                '<line class="{0} whisker" x1="{1:.1f}" x2="{2:.1f}" y1="{4}" y2="{4}"/>'
                '<circle class="{0}" cx="{3:.1f}" cy="{4}" r="4"/>'
            ).format(kind, low, high, mid, y)
        )
    return Markup(
        '<svg class="dumbbell {}" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true">'
        "{}</svg>"
    ).format(better, width, height, width, height, Markup("").join(parts))


def marker(style: int) -> Markup:
    """The marker of a series, for a legend."""
    return Markup(
        '<svg class="key" viewBox="0 0 22 12" width="22" height="12" aria-hidden="true">'
        '<g class="s{}"><line x1="0" x2="22" y1="6" y2="6"/>{}</g></svg>'
    ).format(style, _marker(11, 6, style))


def stroke(style: int, dashed: bool) -> Markup:
    """The stroke of a line, for a legend."""
    return Markup(
        '<svg class="key" viewBox="0 0 22 12" width="22" height="12" aria-hidden="true">'
        '<g class="s{}"><line class="{}" x1="0" x2="22" y1="6" y2="6"/></g></svg>'
    ).format(style, "dashed" if dashed else "")


def _round_series(
    frame: _Frame, series: Series, places: Sequence[float], rounds: Sequence[str]
) -> Markup:
    parts, path = [], []
    for place, estimate, name in zip(places, series.points, rounds, strict=True):
        if not estimate.known:
            continue
        path.append(f"{place:.1f},{frame.y(estimate.value):.1f}")
        parts.append(
            Markup(
                '<g><title>{}</title><line class="whisker" x1="{:.1f}" x2="{:.1f}" '
                'y1="{:.1f}" y2="{:.1f}"/>{}</g>'
            ).format(
                f"{series.label}, {name}: {estimate.value:.3f} "
                f"[{estimate.low:.3f}, {estimate.high:.3f}], n = {estimate.n}",
                place,
                place,
                frame.y(estimate.low),
                frame.y(estimate.high),
                _marker(place, frame.y(estimate.value), series.style),
            )
        )
    link = Markup('<polyline points="{}"/>').format(" ".join(path))
    return Markup('<g class="s{}">{}{}</g>').format(series.style, link, Markup("").join(parts))


def _polyline(frame: _Frame, line: Line, steps: int) -> Markup:
    """Pieces of a line: it is interrupted where nothing was measured."""
    pieces: list[list[str]] = [[]]
    for step, value in enumerate(line.values):
        if math.isnan(value):
            pieces.append([])
        else:
            pieces[-1].append(f"{frame.x((step + 0.5) / max(1, steps)):.1f},{frame.y(value):.1f}")
    drawn = [
        Markup('<polyline class="{}" points="{}"/>').format(
            "dashed" if line.dashed else "", " ".join(piece)
        )
        for piece in pieces
        if len(piece) > 1
    ]
    return Markup('<g class="s{} thick"><title>{}</title>{}</g>').format(
        line.style, line.label, Markup("").join(drawn)
    )


def _axes(frame: _Frame, unit: str) -> Markup:
    parts = []
    for tick in TICKS:
        y = frame.y(tick)
        parts.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            ).format(
                frame.left, frame.width - frame.right, y, y, frame.left - 8, y + 4, f"{tick:g}"
            )
        )
    middle = frame.y(0.5)
    turn = Markup('<text class="tick" transform="translate(11 {:.1f}) rotate(-90)" ').format(middle)
    name = Markup('text-anchor="middle">{}</text>').format(unit)
    return Markup("").join([*parts, turn, name])


def _label(x: float, y: float, text: str) -> Markup:
    drawn = Markup('<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>')
    return drawn.format(x, y, text)


def _marker(x: float, y: float, style: int) -> Markup:
    shape = MARKERS[style % len(MARKERS)]
    if shape in {"circle", "ring"}:
        drawn = Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="4.5"/>')
        return drawn.format(shape, x, y)
    if shape == "square":
        return Markup('<rect class="dot" x="{:.1f}" y="{:.1f}" width="8" height="8"/>').format(
            x - 4, y - 4
        )
    outline = {
        "diamond": ((0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)),
        "triangle": ((0, -5.5), (5.2, 4.2), (-5.2, 4.2)),
        "cross": ((-5, -2), (5, -2), (5, 2), (-5, 2)),
    }[shape]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in outline)
    return Markup('<polygon class="dot" points="{}"/>').format(points)


def _svg(frame: _Frame, title: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {} {}" preserveAspectRatio="xMidYMid meet">'
        "<title>{}</title>{}</svg>"
    ).format(frame.width, frame.height, escape(title), Markup("").join(parts))
