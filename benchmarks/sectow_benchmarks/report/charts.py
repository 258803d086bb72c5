"""Small charts as inline SVG: no script, no font, no network; colours come from the page's style.

Places are shares of the plot, sizes of texts and markers are pixels of the screen: a chart that
gets narrower keeps its text. Every text is escaped. A chart has a title for those who cannot see
it, and each point and step has its values as a title of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sectow_benchmarks.stats import Estimate

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
UNIT = 1000
"""Of the drawing of lines, which is stretched over the plot."""
SHORT_NAME, FEW_NAMES = 12, 6
"""Longer names, and more of them, are numbered below a chart, with a list of what they are."""
NARROW = 0.04
"""A band with a smaller share of the steps has no room for its round."""
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
    round: int


def by_round(title: str, rounds: Sequence[str], series: Sequence[Series]) -> Markup:
    """Rates by round with their intervals."""
    slots = max(1, len(rounds))
    # Series are beside each other, so that their intervals do not hide one another.
    gap = min(0.02, 1.0 / slots / (len(series) + 1))
    drawn = []
    for number, line in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * gap
        places = [(index + 0.5) / slots + shift for index in range(slots)]
        drawn.append(_round_series(line, places, rounds))
    short = slots <= FEW_NAMES and all(len(name) <= SHORT_NAME for name in rounds)
    numbers = [str(number) for number in range(1, slots + 1)]
    ticks = listed("ticks", rounds if short else numbers)
    return _svg(title, drawn) + ticks + ("" if short else listed("named", rounds))


def over_steps(title: str, bands: Sequence[Band], lines: Sequence[Line], steps: int) -> Markup:
    """Rates over the optimizer steps of all phases."""
    slots, parts = max(1, steps), []
    for band in bands:
        start, share = band.start / slots, (band.stop - band.start) / slots
        parts.append(
            Markup('<rect class="band {}" x="{}" y="0" width="{}" height="100%"/>').format(
                band.kind, percent(start), percent(share)
            )
        )
        if share >= NARROW:
            label = Markup('<text class="label" x="{}" y="-8" text-anchor="middle">{}</text>')
            parts.append(label.format(percent(start + share / 2), band.round))
    parts += [_polyline(line, slots) for line in lines]
    parts += [
        _step(band, step, lines, slots) for band in bands for step in range(band.start, band.stop)
    ]
    return _svg(title, parts) + listed("ticks ends", ("0", "optimizer steps", str(steps)))


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
                '<g class="{0}"><title>{5}</title>'
                '<line class="whisker" x1="{1:.1f}" x2="{2:.1f}" y1="{4}" y2="{4}"/>'
                '<circle cx="{3:.1f}" cy="{4}" r="4"/></g>'
            ).format(kind, low, high, mid, y, values_of(kind, estimate))
        )
    return Markup('<svg class="dumbbell {}" viewBox="0 0 {} {}">{}</svg>').format(
        better, width, height, Markup("").join(parts)
    )


def marker(style: int) -> Markup:
    """The marker of a series, for a legend."""
    return Markup(
        '<svg class="key" viewBox="0 0 22 12" width="22" height="12" aria-hidden="true">'
        '<g class="s{}"><line x1="0" x2="22" y1="6" y2="6"/><g transform="translate(11 6)">{}</g>'
        "</g></svg>"
    ).format(style, _marker(style))


def stroke(style: int, dashed: bool) -> Markup:
    """The stroke of a line, for a legend."""
    return Markup(
        '<svg class="key" viewBox="0 0 22 12" width="22" height="12" aria-hidden="true">'
        '<g class="s{}"><line class="{}" x1="0" x2="22" y1="6" y2="6"/></g></svg>'
    ).format(style, "dashed" if dashed else "")


def values_of(what: str, estimate: Estimate) -> str:
    """An estimate in words, for a title."""
    value, low, high = estimate.value, estimate.low, estimate.high
    return f"{what}: {value:.3f}, 95% interval {low:.3f} to {high:.3f}, n = {estimate.n}"


def _round_series(series: Series, places: Sequence[float], rounds: Sequence[str]) -> Markup:
    parts, path = [], []
    for place, estimate, name in zip(places, series.points, rounds, strict=True):
        if not estimate.known:
            continue
        path.append((place, estimate.value))
        low, mid, high = map(_height, (estimate.low, estimate.value, estimate.high))
        parts.append(
            Markup(
                '<g><title>{0}</title><line class="hit" x1="{1}" x2="{1}" y1="{2}" y2="{4}"/>'
                '<line class="whisker" x1="{1}" x2="{1}" y1="{2}" y2="{4}"/>'
                '<svg x="{1}" y="{3}" class="at">{5}</svg></g>'
            ).format(
                values_of(f"{series.label}, {name}", estimate),
                *(percent(place), low, mid, high, _marker(series.style)),
            )
        )
    return Markup('<g class="s{}">{}{}</g>').format(
        series.style, _stretched([path], ""), Markup("").join(parts)
    )


def _polyline(line: Line, steps: int) -> Markup:
    """Pieces of a line: it is interrupted where nothing was measured."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for step, value in enumerate(line.values):
        if math.isnan(value):
            pieces.append([])
        else:
            pieces[-1].append(((step + 0.5) / steps, value))
    return Markup('<g class="s{} thick">{}</g>').format(
        line.style, _stretched(pieces, "dashed" if line.dashed else "")
    )


def _step(band: Band, step: int, lines: Sequence[Line], steps: int) -> Markup:
    """What was measured in a step, where a pointer finds it."""
    values = [
        f"{line.label} {line.values[step]:.3f}"
        for line in lines
        if step < len(line.values) and not math.isnan(line.values[step])
    ]
    return Markup(
        '<rect class="hit" x="{}" y="0" width="{}" height="100%"><title>{}</title></rect>'
    ).format(
        percent(step / steps),
        percent(1 / steps),
        "; ".join((f"{band.label}, step {step + 1}", *values)),
    )


def _stretched(pieces: Sequence[Sequence[tuple[float, float]]], kind: str) -> Markup:
    """Lines through places in the plot, as wide as it is; their strokes stay as thick."""
    drawn = [
        Markup('<polyline class="{}" points="{}"/>').format(
            kind, " ".join(f"{UNIT * x:.1f},{UNIT * (1.0 - y):.1f}" for x, y in piece)
        )
        for piece in pieces
        if len(piece) > 1
    ]
    return Markup('<svg viewBox="0 0 {0} {0}" preserveAspectRatio="none">{1}</svg>').format(
        UNIT, Markup("").join(drawn)
    )


def _marker(style: int) -> Markup:
    """The marker of a series, around the origin."""
    shape = MARKERS[style % len(MARKERS)]
    if shape in {"circle", "ring"}:
        return Markup('<circle class="dot {}" r="4.5"/>').format(shape)
    outline = {
        "square": ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        "diamond": ((0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)),
        "triangle": ((0, -5.5), (5.2, 4.2), (-5.2, 4.2)),
        "cross": ((-5, -2), (5, -2), (5, 2), (-5, 2)),
    }[shape]
    points = " ".join(f"{x},{y}" for x, y in outline)
    return Markup('<polygon class="dot" points="{}"/>').format(points)


def _svg(title: str, parts: Sequence[Markup]) -> Markup:
    axes = [
        Markup(
            '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>'
            '<text class="tick" x="-8" y="{0}" dy=".35em" text-anchor="end">{1:g}</text>'
        ).format(_height(tick), tick)
        for tick in TICKS
    ]
    return Markup('<svg class="chart" role="img"><title>{}</title>{}</svg>').format(
        title, Markup("").join((*axes, *parts))
    )


def listed(kind: str, texts: Sequence[str]) -> Markup:
    """Texts as a list of some kind."""
    items = Markup("").join(Markup("<li>{}</li>").format(text) for text in texts)
    return Markup('<ol class="{}">{}</ol>').format(kind, items)


def percent(share: float) -> str:
    """A place in the plot."""
    return f"{100 * share:.2f}%"


def _height(value: float) -> str:
    """How far a rate is from the top."""
    return percent(1.0 - value)
