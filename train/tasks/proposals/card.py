"""Texts of the proposal network's card."""

from __future__ import annotations

from train.reports.cards import NO_EMOTION

NOTES = {
    "use": "Names places of a shrunk frame that may show a face, for the keypoint network to check. It identifies "
    "nobody, stores nothing and reads no expression.",
    "not_for": "Counting people, or concluding that nobody is there: many of its proposals show no face.",
    "limits": "Trained on photographs and on car cameras by day, for faces of 12 to 26 pixels in its input and up to "
    "about 55 degrees of yaw. Not measured: infra-red light, masks.",
    "groups": "Misses by age, sex and skin group are not measured: none of the data sets has such labels.",
    "law": NO_EMOTION,
}
INPUT = "parts of a shrunk gray frame of any size (multiples of 4; cost for 56×56), int8; faces of 12 to 26 pixels"
