"""Draws masks, hands, sunglasses and other covers over a face with known keypoints.

Each function lays gray levels over a ``Canvas``, which adds up the opacity; the labels are derived from it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from train.tasks.covers.canvas import Canvas, Floats, box, cloth, lines, oval, shape


def mask(canvas: Canvas, rng: np.random.Generator) -> None:
    """A medical, cloth or dust mask from the nose to the chin."""
    _veil(canvas, rng, top=(0.22, 0.62), bottom=(-0.05, 0.2), out=(0.95, 1.35))
    if rng.random() < 0.5:
        side = len(canvas.pixels)
        paths = [
            canvas.eyes + np.stack([canvas.across(s * 1.1) + canvas.down * f, canvas.across(s * 1.9) + canvas.down * g])
            for s in (-1, 1)
            for f, g in ((0.4, 0.15), (0.8, 0.5))
        ]
        canvas.lay(float(rng.uniform(20, 240)), lines(side, paths, 1, 0.4) * 0.9)


def scarf(canvas: Canvas, rng: np.random.Generator) -> None:
    """A scarf or bandana from the nose downwards, beyond the chin."""
    _veil(canvas, rng, top=(0.35, 0.62), bottom=(0.4, 0.9), out=(1.3, 2.0))


def _veil(
    canvas: Canvas,
    rng: np.random.Generator,
    *,
    top: tuple[float, float],
    bottom: tuple[float, float],
    out: tuple[float, float],
) -> None:
    """Material over the lower half of the face; edges as shares of the way from the eyes to the chin, and of the
    distance of the outer eye corners."""
    eyes, down, reach = canvas.eyes, canvas.down, float(rng.uniform(*out))
    middle = float(rng.uniform(*top))
    edge = middle + float(rng.uniform(-0.05, 0.2))
    low = 1 + float(rng.uniform(*bottom))
    chin = eyes + (canvas.at("chin") - eyes) * low
    ridge = canvas.at("nose") - eyes
    peak = eyes + ridge * min(1.3, middle / 0.5)
    corners = [
        eyes + canvas.across(-reach) + down * edge, eyes + canvas.across(-0.6) + down * (middle + edge) / 2, peak,
        eyes + canvas.across(0.6) + down * (middle + edge) / 2, eyes + canvas.across(reach) + down * edge,
        eyes + canvas.across(reach * 0.95) + down * (edge + 0.35), chin + canvas.across(0.45), chin,
        chin + canvas.across(-0.45), eyes + canvas.across(-reach * 0.95) + down * (edge + 0.35),
    ]  # fmt: skip
    side = len(canvas.pixels)
    level = float(rng.choice([rng.uniform(5, 60), rng.uniform(150, 250), rng.uniform(30, 230)]))
    canvas.lay(cloth(side, level, rng), shape(side, np.array(corners, np.float32), float(rng.uniform(0.4, 1.6))))


def spot(canvas: Canvas, rng: np.random.Generator) -> Floats:
    """(2,) position of a held object: mostly before the mouth or the eyes, else beside them."""
    unit, kind = canvas.unit, rng.random()
    noise = rng.normal(0, 0.08, 2) * unit
    if kind < 0.5:
        place = canvas.mouth
    elif kind < 0.68:
        place = canvas.eyes
    elif kind < 0.84:
        place = canvas.mouth + canvas.across(float(rng.choice([-1, 1]))) * float(rng.uniform(0.8, 1.3))
    else:
        place = canvas.at("chin") + canvas.down * float(rng.uniform(0.05, 0.3))
    return np.asarray(place + noise, np.float32)


def hand(canvas: Canvas, rng: np.random.Generator) -> None:
    """A palm with three to five fingers side by side, shaded like skin."""
    side, unit, place = len(canvas.pixels), canvas.unit, spot(canvas, rng)
    level = canvas.skin() + float(rng.uniform(-30, 30))
    angle = float(rng.uniform(-1.2, 1.2) + rng.choice([0, np.pi]))
    along = np.array([np.cos(angle), np.sin(angle)], np.float32)
    over = np.array([-along[1], along[0]], np.float32)
    thick, count = unit * float(rng.uniform(0.13, 0.2)), int(rng.integers(3, 6))
    length = unit * float(rng.uniform(0.5, 1.0))
    palm = oval(place + along * length, (unit * 0.6, unit * 0.5), angle)
    if rng.random() < 0.7:
        canvas.lay(cloth(side, level, rng) * 0.5 + level * 0.5, shape(side, palm, 1.0))
    paths, gaps = [], []
    for n in range(count):
        shift = over * (n - (count - 1) / 2) * thick
        tip = place + shift - along * length * float(rng.uniform(0.25, 0.5))
        paths.append(np.stack([tip, place + shift + along * length]))
        gaps.append(paths[-1] + over * thick / 2)
    canvas.lay(np.float32(level) + cloth(side, 0, rng) * 0.3, lines(side, paths, thick * 1.1, 0.7))
    dark = lines(side, gaps[:-1], 1, 0.6) * float(rng.uniform(0.2, 0.7))
    canvas.lay(max(0.0, level - float(rng.uniform(20, 70))), dark)


def thing(canvas: Canvas, rng: np.random.Generator) -> None:
    """A cup, bottle, telephone, microphone or sheet."""
    side, unit = len(canvas.pixels), canvas.unit
    form = box if rng.random() < 0.6 else oval
    axes = (unit * float(rng.uniform(0.2, 0.7)), unit * float(rng.uniform(0.2, 0.7)))
    corners = form(spot(canvas, rng), axes, float(rng.uniform(-0.8, 0.8)))
    canvas.lay(cloth(side, float(rng.uniform(0, 255)), rng), shape(side, corners, float(rng.uniform(0.3, 1.2))))


def sunglasses(canvas: Canvas, rng: np.random.Generator) -> None:
    """Dark or mirroring glasses."""
    _glasses(canvas, rng, float(rng.uniform(0.75, 1.0)), (5, 90) if rng.random() < 0.75 else (60, 200))


def glasses(canvas: Canvas, rng: np.random.Generator) -> None:
    """Clear glasses: frames, and a faint reflection."""
    _glasses(canvas, rng, float(rng.uniform(0.0, 0.18)), (60, 255))


def _glasses(canvas: Canvas, rng: np.random.Generator, opacity: float, levels: tuple[int, int]) -> None:
    side, unit = len(canvas.pixels), canvas.unit
    form = box if rng.random() < 0.3 else oval
    wide, high = float(rng.uniform(0.22, 0.34)), float(rng.uniform(0.16, 0.28))
    tilt = float(np.arctan2(*(canvas.at("l_iris") - canvas.at("r_iris"))[::-1]))
    shade = cloth(side, float(rng.uniform(*levels)), rng)
    rim, frame = float(rng.uniform(1, 4)), float(rng.uniform(0, 200))
    outlines = []
    for name, sign in (("r", -1), ("l", 1)):
        own = np.linalg.norm(canvas.across(sign)) / unit * 2
        centre = canvas.at(f"{name}_iris") + canvas.down * float(rng.uniform(0, 0.06))
        corners = form(centre, (unit * wide * min(1.0, max(0.35, float(own))), unit * high), tilt)
        canvas.lay(shade, shape(side, corners, 0.6) * opacity)
        outlines.append(np.concatenate([corners, corners[:1]]))
    bridge = np.stack([canvas.at("r_eye_in"), canvas.at("l_eye_in")])
    arms = [np.stack([canvas.eyes + canvas.across(s * 1.25), canvas.eyes + canvas.across(s * 2.2)]) for s in (-1, 1)]
    drawn = lines(side, [*outlines, bridge, *arms], rim, 0.4)
    canvas.lay(frame, drawn * float(rng.uniform(0.6, 1.0)))


def band(canvas: Canvas, rng: np.random.Generator) -> None:
    """Hair, a hat, a blindfold or goggles: from the forehead to below the eyes, or only to the brows."""
    side, unit = len(canvas.pixels), canvas.unit
    over = rng.random() < 0.7
    low = float(rng.uniform(0.18, 0.35)) if over else float(rng.uniform(-0.6, -0.32))
    high = float(rng.uniform(-0.35, -0.2)) if over and rng.random() < 0.4 else -1.6
    corners = [
        canvas.eyes + canvas.across(s * 1.7) + canvas.down * f for s, f in ((-1, high), (1, high), (1, low), (-1, low))
    ]
    corners[2] = corners[2] + rng.normal(0, 0.04, 2) * unit
    level = float(rng.choice([rng.uniform(0, 70), rng.uniform(0, 255)]))
    canvas.lay(cloth(side, level, rng), shape(side, np.array(corners, np.float32), float(rng.uniform(0.4, 2))))


def beard(canvas: Canvas, rng: np.random.Generator) -> None:
    """A dark or gray beard around uncovered lips."""
    side, unit = len(canvas.pixels), canvas.unit
    chin = canvas.at("chin") + canvas.down * 0.05
    corners = [
        canvas.eyes + canvas.across(-1.2) + canvas.down * 0.5, canvas.mouth + canvas.across(-0.4) - canvas.down * 0.12,
        canvas.mouth - canvas.down * 0.17, canvas.mouth + canvas.across(0.4) - canvas.down * 0.12,
        canvas.eyes + canvas.across(1.2) + canvas.down * 0.5, chin + canvas.across(0.7), chin + canvas.across(-0.7),
    ]  # fmt: skip
    lips = oval(canvas.mouth, (unit * 0.3, unit * 0.12), 0.0)
    soft = shape(side, np.array(corners, np.float32), 2.0) * (1 - shape(side, lips, 1.2))
    hairs = np.clip(rng.normal(0.75, 0.25, (side, side)), 0, 1).astype(np.float32)
    canvas.lay(float(rng.uniform(10, 120)), soft * hairs * float(rng.uniform(0.4, 0.9)))


COVERS: dict[str, Callable[[Canvas, np.random.Generator], None]] = {
    "mask": mask, "hand": hand, "thing": thing, "sunglasses": sunglasses, "band": band, "scarf": scarf,
}  # fmt: skip
"""Covers of a face; "scarf" is never drawn in training, to measure an unseen kind."""
HARMLESS: dict[str, Callable[[Canvas, np.random.Generator], None]] = {"glasses": glasses, "beard": beard}
"""Objects that leave a face readable."""
