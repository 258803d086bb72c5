"""Eight plain shapes."""

from __future__ import annotations

import math

from PIL import ImageDraw

SHAPES = ("circle", "square", "triangle", "star", "ring", "cross", "bar", "diamond")


def draw_shape(
    draw: ImageDraw.ImageDraw,
    shape: str,
    centre: tuple[int, int],
    radius: int,
    ink: tuple[int, int, int],
) -> None:
    """Draw one shape within `radius` pixels of its centre."""
    x, y = centre
    box = (x - radius, y - radius, x + radius, y + radius)
    third = max(1, radius // 3)
    if shape == "circle":
        draw.ellipse(box, fill=ink)
    elif shape == "ring":
        draw.ellipse(box, outline=ink, width=max(2, radius // 3))
    elif shape == "square":
        draw.rectangle(box, fill=ink)
    elif shape == "bar":
        draw.rectangle((x - third, y - radius, x + third, y + radius), fill=ink)
    elif shape == "cross":
        draw.rectangle((x - third, y - radius, x + third, y + radius), fill=ink)
        draw.rectangle((x - radius, y - third, x + radius, y + third), fill=ink)
    elif shape == "star":
        draw.polygon(_corners(x, y, radius, 10, inner=0.4), fill=ink)
    else:
        sides = 3 if shape == "triangle" else 4
        draw.polygon(_corners(x, y, radius, sides), fill=ink)


def _corners(
    x: int, y: int, radius: int, count: int, inner: float = 1.0
) -> list[tuple[float, float]]:
    corners = []
    for index in range(count):
        reach = radius * (inner if index % 2 else 1.0)
        angle = 2 * math.pi * index / count - math.pi / 2
        corners.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return corners
