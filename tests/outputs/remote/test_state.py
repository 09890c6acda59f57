"""What MQTT says of a frame: the main face does not jump, unknown is null."""

from __future__ import annotations

import json
from dataclasses import replace

from monitor.core.types import Face
from monitor.outputs.remote.state import MainFace, state_of, unseen
from tests.fakes import face, result, square
from tests.outputs.remote.brokers import driver_state


def sized(face_id: int, side: float) -> Face:
    return face(face_id, box=square(200, 200, side))


def test_the_largest_face_is_the_main_one_while_it_is_in_view() -> None:
    main = MainFace()
    story = [((1, 100), (2, 90)), ((1, 100), (2, 110)), ((1, 100), (2, 121)), ((1, 100), (2, 123)), ((1, 100),), ()]
    chosen = [main.choose(result(0.0, [sized(*pair) for pair in frame])) for frame in story]
    assert [None if c is None else c.id for c in chosen] == [1, 1, 1, 2, 1, None]


def test_in_driver_mode_the_driver_is_the_main_face_however_small() -> None:
    state = replace(driver_state(), face=2)
    faces = [sized(1, 300), sized(2, 50)]
    chosen = MainFace().choose(result(0.0, faces, driver=state))
    assert chosen is not None
    assert chosen.id == 2
    assert MainFace().choose(result(0.0, faces[:1], driver=state)) is None


def test_a_frame_is_published_completely() -> None:
    frame = result(0.0, [face(3, "happy", quality=0.876), face(4)])
    state = state_of(frame, frame.faces[0])
    assert (state["presence"], state["faces"], state["expression"]) == (True, 2, "happy")
    assert (state["main_face"]["face_id"], state["main_face"]["quality"]) == (3, 0.88)
    assert state["main_face"]["confidence"] == state["main_face"]["distribution"]["happy"] == 0.9
    assert (state["main_face"]["covered"], state["main_face"]["still"]) == ("", False)
    assert "fatigue" not in state
    json.dumps(state, allow_nan=False)


def test_a_mask_and_a_still_picture_are_published() -> None:
    poster = face(1, "unknown", covered="lower", still=True)
    details = state_of(result(0.0, [poster]), poster)["main_face"]
    assert (details["covered"], details["still"]) == ("lower", True)


def test_unknown_values_are_null() -> None:
    nobody = state_of(result(0.0), None)
    assert nobody == {"presence": False, "faces": 0, "expression": None, "main_face": {}}
    dim = face(1, "unknown", known=False, raw=None)
    state = state_of(result(0.0, [dim]), dim)
    assert state["expression"] is None
    assert state["main_face"]["confidence"] is state["main_face"]["distribution"] is None


def test_without_frames_the_current_state_is_null() -> None:
    frame = result(0.0, [face(1)], driver=driver_state())
    blind = unseen(state_of(frame, frame.faces[0]))
    assert (blind["presence"], blind["faces"], blind["expression"], blind["main_face"]) == (None, None, None, {})
    assert (blind["attention"], blind["judged"], blind["level"]) == ("cannot judge", False, "none")
    assert set(unseen(state_of(result(0.0), None))) == {"presence", "faces", "expression", "main_face"}
