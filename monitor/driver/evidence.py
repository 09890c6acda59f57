"""Evidence from the driver's face."""

from __future__ import annotations

from monitor.core.evidence import Evidence as Evidence
from monitor.core.labels import EMOTIONS
from monitor.core.numeric import unit
from monitor.core.types import Face

DISGUST_SHARE = 0.5
"""Part of disgust that counts as anger-like: FER+ annotators often disagree between the two."""
STEEP_DEG, BLIND_DEG = 25.0, 33.0
"""From ``STEEP_DEG`` of pitch towards or away from the camera the quality of an eye falls, to 0 at ``BLIND_DEG``: lids
seen from above in the dark read open (0.6 to 0.8 at 31 to 38 degrees) although they are shut."""

LIDS_DEG = 30.0
"""Largest yaw at which the lids of the keypoints replace eyes that cannot be read."""


def evidence_of(
    face: Face | None, t: float, wall: float, *, picture: bool, min_eyes: float, min_face: float
) -> Evidence:
    """Evidence from the driver's face, or from its absence.

    The eye with the higher quality counts more; an eye of lower quality than ``min_eyes`` does not count.

    Args:
        face: The driver's face.
        t: Seconds on the frame clock.
        wall: Seconds since the epoch.
        picture: Whether the picture is good enough to show a face: not dark or covered.
        min_eyes: Quality from which an eye counts, 0..1.
        min_face: Quality from which an expression is read, 0..1.
    """
    if face is None:
        return Evidence(t, wall, picture=picture)
    angry, disgust, happy = (float(face.probs[EMOTIONS.index(name)]) for name in ("angry", "disgust", "happy"))
    read = face.known and face.quality >= min_face
    eyes, lids = _eyes(face, min_eyes)
    return Evidence(
        t, wall, face.id, face.seen, picture, eyes,
        mouth=face.mouth,
        pose=face.pose if face.keypoints is not None else None,
        anger=angry + DISGUST_SHARE * disgust if read else None,
        happy=happy if read else None,
        lids=lids,
        covered=face.covered,
    )  # fmt: skip


def _eyes(face: Face, min_quality: float) -> tuple[float | None, float | None]:
    """Openness and lid distance of both eyes, weighted by quality.

    The openness is None where no eye has the quality. The lid distance of the keypoints is known even then, unless the
    head is turned or lowered too far for any eye to be visible.
    """
    if face.eyes is None:
        return None, None
    steep = 1.0 if face.pose is None else unit((BLIND_DEG - abs(face.pose[1])) / (BLIND_DEG - STEEP_DEG))
    weights = [eye.quality * steep if eye.quality * steep >= min_quality else 0.0 for eye in face.eyes]
    total = sum(weights)
    eyes = sum(eye.open * weight for eye, weight in zip(face.eyes, weights, strict=True)) / total if total else None
    apart = None if face.keypoints is None else face.keypoints.openness[:2]
    if apart is None or not apart.any():  # not in faces.csv
        return eyes, None
    if eyes is None:
        readable = steep > 0 and (face.pose is None or abs(face.pose[0]) < LIDS_DEG)
        return None, float(apart.mean()) if readable else None
    return eyes, sum(distance * weight for distance, weight in zip(apart.tolist(), weights, strict=True)) / total
