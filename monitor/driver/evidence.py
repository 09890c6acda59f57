"""The numbers that a driver is judged by: one moment's evidence, without pixels or frame counts."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.labels import EMOTIONS
from monitor.core.types import Face

DISGUST_SHARE = 0.5
"""Part of disgust that counts as anger-like: FER+ annotators often disagree which of the two they see."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One moment's evidence about the driver; None = cannot be told at this moment.

    Attributes:
        t: Seconds on the frame clock.
        wall: Seconds since the epoch, for events only.
        face: The driver's face id, 0 while there is none.
        present: Whether the driver's face is in view.
        picture: Whether the camera's picture could show a face; False = dark or covered.
        eyes: Openness of the eyes, 0 (shut) to 1 (open).
        mouth: Distance of the inner lips over the mouth's width.
        pose: Yaw, pitch and roll in degrees, signs as in ``types.Keypoints``.
        anger: Share of an anger-like expression: angry plus a part of disgust, 0..1.
        happy: Share of happy, 0..1.
        frame: Whether there was a frame; False = the camera gives none.
    """

    t: float
    wall: float
    face: int = 0
    present: bool = False
    picture: bool = True
    eyes: float | None = None
    mouth: float | None = None
    pose: tuple[float, float, float] | None = None
    anger: float | None = None
    happy: float | None = None
    frame: bool = True


def evidence_of(
    face: Face | None, t: float, wall: float, *, picture: bool, min_eyes: float, min_face: float
) -> Evidence:
    """Evidence from the driver's face, or from its absence.

    The better seen eye counts more; an eye of lower quality than ``min_eyes`` does not count.

    Args:
        face: The driver's face.
        t: Seconds on the frame clock.
        wall: Seconds since the epoch.
        picture: Whether the picture could show a face.
        min_eyes: Quality from which an eye counts, 0..1.
        min_face: Quality from which an expression is read, 0..1.
    """
    if face is None:
        return Evidence(t, wall, picture=picture)
    angry, disgust, happy = (float(face.probs[EMOTIONS.index(name)]) for name in ("angry", "disgust", "happy"))
    read = face.known and face.quality >= min_face
    return Evidence(
        t, wall, face.id, face.seen, picture,
        eyes=_both(face, min_eyes),
        mouth=float(face.keypoints.openness[2]) if face.keypoints is not None else None,
        pose=face.pose if face.keypoints is not None else None,
        anger=angry + DISGUST_SHARE * disgust if read else None,
        happy=happy if read else None,
    )  # fmt: skip


def _both(face: Face, min_quality: float) -> float | None:
    """Openness of both eyes, weighted by quality."""
    good = [eye for eye in face.eyes or () if eye.quality >= min_quality]
    weight = sum(eye.quality for eye in good)
    return sum(eye.open * eye.quality for eye in good) / weight if weight > 0 else None
