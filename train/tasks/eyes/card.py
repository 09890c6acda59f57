"""Texts of the eye network's card."""

from __future__ import annotations

NOTES = {
    "use": "Tells how far an eye in a small gray crop is open, and whether the crop shows an eye. It measures neither "
    "health nor identity.",
    "not_for": "Use as the only safeguard against falling asleep at the wheel, or any diagnosis.",
    "limits": "CEW's open and shut eyes come from different sources, so its figure may be too good. It cannot see "
    "behind sunglasses.",
    "groups": "Figures by age, sex, skin group and shape of the eye are not measured.",
    "law": "By itself it infers no emotion. Fatigue is not an emotion in the sense of the EU AI Act (recital 18), but "
    "data protection law may require that people in view are informed. This is not legal advice.",
}
