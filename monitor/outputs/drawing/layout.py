"""Places labels and bars in a picture."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.types import Box

MOST_HIDDEN = 0.4
"""Share of a face that its bars may cover if there is no other place."""


def common_area(a: Box, b: Box) -> float:
    """Area that two rectangles share, in square pixels."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)


def free(spot: Box, taken: Sequence[Box]) -> bool:
    """Whether a rectangle overlaps none of the others."""
    return all(common_area(spot, other) == 0 for other in taken)


def beside(spot: Box, box: Box, gap: float) -> bool:
    """Whether a rectangle lies next to a face, at most ``gap`` pixels away."""
    return common_area(spot, (box[0] - gap, box[1] - gap, box[2] + gap, box[3] + gap)) > 0


def label_spot(box: Box, size: tuple[int, int], picture: tuple[int, int], gap: int, taken: Sequence[Box]) -> Box:
    """Place of a face's label: above the face, below it, or inside it at its top, whichever is free; else above.

    Args:
        box: The face.
        size: Width and height of the label.
        picture: Width and height of the picture; the label stays inside.
        gap: Pixels between face and label.
        taken: Rectangles that should not be covered.
    """
    width, height = size

    def within(x: float, y: float) -> Box:
        x = min(max(0.0, x), max(0.0, picture[0] - width))
        y = min(max(0.0, y), max(0.0, picture[1] - height))
        return (float(round(x)), float(round(y)), float(round(x)) + width, float(round(y)) + height)

    middle = (box[0] + box[2] - width) / 2
    above = box[1] - gap - height
    spots = [within(middle, above)] if above >= 0 else []
    if box[3] + gap + height <= picture[1]:
        spots.append(within(middle, box[3] + gap))
    spots += [within(middle, box[1] + gap), within(middle, box[3] - gap - height), within(box[0], above)]
    below = [within(middle, other[3] + gap) for other in taken]
    return next((spot for spot in [*spots, *below] if free(spot, taken)), spots[0])


def panel_spot(box: Box, size: tuple[int, int], room: Box, gap: int, taken: Sequence[Box]) -> Box | None:
    """Place of a face's bars: right of the face, left, below, else a corner that hides little of it; None if there is
    none.

    Args:
        box: The face.
        size: Width and height of the bars.
        room: The part of the picture in which they may lie.
        gap: Pixels between face and bars.
        taken: Rectangles that must not be covered.
    """
    width, height = size
    if width > room[2] - room[0] or height > room[3] - room[1]:
        return None
    top = min(max(room[1], box[1]), room[3] - height)
    middle = min(max(room[0], (box[0] + box[2] - width) / 2), room[2] - width)
    for x, y in ((box[2] + gap, top), (box[0] - gap - width, top), (middle, box[3] + gap)):
        spot = _spot(x, y, width, height)
        inside = spot[0] >= room[0] and spot[1] >= room[1] and spot[2] <= room[2] and spot[3] <= room[3]
        if inside and free(spot, taken):
            return spot
    corners = [_spot(x, y, width, height) for y in (room[1], room[3] - height) for x in (room[0], room[2] - width)]
    possible = [spot for spot in corners if free(spot, taken)]
    best = min(
        possible,
        key=lambda spot: (round(common_area(spot, box) / (width * height), 1), _distance(spot, box)),
        default=None,
    )
    area = (box[2] - box[0]) * (box[3] - box[1])
    return best if best is not None and common_area(best, box) <= MOST_HIDDEN * area else None


def _distance(a: Box, b: Box) -> float:
    """Distance between the middles of two rectangles, in pixels, squared."""
    return ((a[0] + a[2] - b[0] - b[2]) ** 2 + (a[1] + a[3] - b[1] - b[3]) ** 2) / 4


def _spot(x: float, y: float, width: int, height: int) -> Box:
    left, top = float(round(x)), float(round(y))
    return left, top, left + width, top + height
