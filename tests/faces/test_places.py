"""Places that may show a face, and those that belong to one that is known."""

from __future__ import annotations

from monitor.faces.places import belongs


def test_a_part_of_a_followed_face_is_no_place_of_its_own() -> None:
    face = (210.0, 170.0, 400.0, 360.0)
    assert belongs((283.0, 258.0, 360.0, 335.0), face), "an open mouth"
    assert belongs((200.0, 180.0, 390.0, 370.0), face), "the face itself"
    assert not belongs((360.0, 200.0, 460.0, 300.0), face), "somebody behind, two fifths hidden"
    assert not belongs((100.0, 60.0, 510.0, 470.0), face), "a larger one around it"
    assert not belongs((500.0, 170.0, 690.0, 360.0), face)
