"""The state that MQTT publishes: the faces in view, the main face's expression and the driver's signs."""

from __future__ import annotations

from typing import Any

from monitor.core.driver_state import UNJUDGED
from monitor.core.types import Face, Result
from monitor.driver import signs

LARGER = 1.5
"""Another face becomes the main face when its area is this many times that of the current one."""
State = dict[str, Any]


class MainFace:
    """Chooses the face whose expression is published: the driver, else the largest face, without switching back and
    forth.

    The main face stays the same while it is in view, until another face has ``LARGER`` times its area.
    """

    def __init__(self) -> None:
        self._id = 0

    def choose(self, result: Result) -> Face | None:
        """The main face of a frame; None without a face, or in driver mode while the driver is out of view."""
        faces = {face.id: face for face in result.faces}
        if result.driver is not None:
            return faces.get(result.driver.face)
        largest = max(result.faces, key=_area, default=None)
        present = faces.get(self._id)
        if present is None or (largest is not None and _area(largest) >= LARGER * _area(present)):
            present = largest
        self._id = 0 if present is None else present.id
        return present


def _area(face: Face) -> float:
    x1, y1, x2, y2 = face.box
    return (x2 - x1) * (y2 - y1)


def state_of(result: Result, main: Face | None) -> State:
    """The content of the topic ``state``; None = unknown.

    Args:
        result: The frame.
        main: The main face.

    Returns:
        ``presence`` (bool), ``faces`` (count), ``expression`` (a label; None without a face or while it is unknown),
        ``main_face`` (``face_id``, ``confidence``, ``quality``, ``covered``, ``still``, ``distribution`` over the
        expressions; empty without a face) and, in driver mode, ``signs.FIELDS``.
    """
    state: State = {
        "presence": bool(result.faces), "faces": len(result.faces),
        "expression": None if main is None or main.is_unknown else main.label, "main_face": _details(main),
    }  # fmt: skip
    if result.driver is not None:
        state |= {field.name: field.rounded(result.driver) for field in signs.FIELDS}
    return state


def _details(face: Face | None) -> State:
    if face is None:
        return {}
    read = {name: round(p, 2) for name, p in zip(face.labels, face.probs.tolist(), strict=True)} if face.known else None
    confidence = round(face.confidence, 2) if face.known else None
    return {
        "face_id": face.id, "confidence": confidence, "quality": round(face.quality, 2), "covered": face.covered,
        "still": face.still, "distribution": read,
    }  # fmt: skip


def unseen(state: State) -> State:
    """The state while no frames arrive: all values are unknown, except that a driver's levels keep their last
    values."""
    blind: State = {"presence": None, "faces": None, "expression": None, "main_face": {}}
    driver = {"attention": UNJUDGED, "judged": False, "eyes": None} if "attention" in state else {}
    return {**state, **blind, **driver}
