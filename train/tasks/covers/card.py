"""Texts of the cover network's card."""

from __future__ import annotations

NOTES = {
    "use": "Detects whether the eyes or the mouth of a face are covered (mask, hand, sunglasses, object), so that its "
    "expression is not read. It identifies nobody and reads no expression.",
    "not_for": "Checking whether people wear masks, or any decision about a person.",
    "limits": "Trained and measured on covers drawn over photographs, not on photographs of covered faces. A face with "
    "one eye or a part of the mouth covered counts as neither covered nor clear. Drawn covers are detected more often "
    "than real ones.",
    "groups": "False answers by age, sex and skin group are not measured: none of the data sets has such labels.",
    "law": "By itself it infers no emotion. A veil worn for religious reasons is a cover like any other; nothing is "
    "stored about it but the covered half.",
}
