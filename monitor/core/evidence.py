"""One moment's evidence about the driver in numbers, without pixels or frame counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """One moment's evidence about the driver; None = unknown at this moment.

    Attributes:
        t: Seconds on the frame clock.
        wall: Seconds since the epoch, for events only.
        face: The driver's face id, 0 while there is none.
        present: Whether the driver's face is in view.
        picture: Whether the picture is good enough to show a face; False = dark or covered.
        eyes: Openness of the eyes, 0 (shut) to 1 (open).
        mouth: Distance of the inner lips over the mouth's width.
        pose: Yaw, pitch and roll in degrees, signs as in ``types.Keypoints``.
        anger: Share of an anger-like expression: angry plus a part of disgust, 0..1.
        happy: Share of happy, 0..1.
        frame: Whether there was a frame; False = the camera delivers none.
        lids: Distance of the lids over the eye's width, from the keypoints. A lowered gaze keeps the lids apart.
        changed: Whether another face has just become the driver's, so that all earlier values are invalid.
        covered: Which half of the face something covers: "", "upper" (eyes), "lower" (mouth) or "both".
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
    lids: float | None = None
    changed: bool = False
    covered: str = ""
