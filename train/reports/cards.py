"""What model cards say in words: here, not in each export, so that no card says less than its elders."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from monitor.core.errors import ConfigError
from monitor.networks.card import card_path, load_card
from train.engine import resources

log = logging.getLogger("train")

LAW = (
    "EU AI Act (Regulation 2024/1689): Art. 5(1)(f) forbids inferring emotions at work and in education except for "
    "medical or safety reasons; elsewhere emotion recognition is listed as high-risk (Annex III, 1(c)) and Art. 50(3) "
    "obliges whoever uses it to tell the people exposed to it. This is no legal advice."
)
NOTES: dict[str, dict[str, str]] = {
    "emotion": {
        "use": "Names the expression a face shows in a near-frontal gray crop, always as a distribution over seven "
        "words; not what the person feels. For research, accessibility, art, and self-observation with consent.",
        "not_for": "Decisions about people: hiring, grading, policing, credit, diagnosis, lie detection. Watching "
        "people who do not know of it. Reading a single frame as a fact: a scowl often means concentration.",
        "limits": "Web photographs of 2013, many of them posed. Disgust and fear are rare in the data and read worst; "
        "sad is often taken for neutral. There is no class for contempt. Compression, blur, small faces and "
        "overexposure cost most (table of disturbed crops). Beyond about 30 degrees of yaw, under infra-red light "
        "and with masks it is not measured; the program itself reads no expression beyond 45 degrees.",
        "groups": "Accuracy by age, sex and skin group is not measured: FER2013 has no such labels. The crowd that "
        "labelled it is not described either. Expect it to be unequal until somebody measures it; measure it on "
        "your own people before relying on it.",
        "law": LAW,
    },
    "keypoints": {
        "use": "Says whether there is a face near a given box, where its eyes and mouth are and which way it looks. It "
        "identifies nobody and by itself reads no expression.",
        "not_for": "Telling people apart, measuring faces, or anything where a wrong point does harm.",
        "limits": "Photographs and car cameras by day. Errors about double beyond 30 degrees of yaw (table by "
        "yaw). Behind hands, beyond 50 degrees, under infra-red light and with masks it is not measured. Its reference "
        "is another program's reading (MediaPipe), so agreement with it is measured, not truth.",
        "groups": "Errors by age, sex and skin group are not measured: none of the sets has such labels.",
        "law": "By itself it infers no emotion. Where it serves the expression network, that one's card applies.",
    },
    "proposals": {
        "use": "Names places of a shrunk frame that may show a face, for the keypoint network to look at. It "
        "identifies nobody, keeps nothing and reads no expression.",
        "not_for": "Counting people or saying that nobody is there: it is made to be quick and to be checked.",
        "limits": "Photographs and car cameras by day, faces of 12 to 26 pixels on its canvas, up to about 55 degrees "
        "of yaw. Under infra-red light and with masks it is not measured.",
        "groups": "Misses by age, sex and skin group are not measured: none of the sets has such labels.",
        "law": "By itself it infers no emotion. Where it serves the expression network, that one's card applies.",
    },
    "eyes": {
        "use": "Says how far an eye in a small gray crop is open and whether an eye is to be seen. It is no measure of "
        "health or identity.",
        "not_for": "The only safeguard against falling asleep at the wheel, or any diagnosis.",
        "limits": "CEW's open and shut eyes come from different sources, so its figure may flatter. Behind sunglasses "
        "nothing is seen.",
        "groups": "By age, sex and skin group, and by the shape of the eye, it is not measured.",
        "law": "By itself it infers no emotion. Fatigue is no emotion in the sense of the EU AI Act (recital 18), but "
        "people in view must be told where the law of data protection asks for it. This is no legal advice.",
    },
}


NOTES["other"] = NOTES["emotion"] | {
    "limits": "Those of its data, which this program does not know: read the figures of each class and the table of "
    "disturbed crops. Compression, blur, small faces and overexposure cost most in the networks measured so far. "
    "The program reads no expression beyond 45 degrees of yaw.",
    "groups": "Accuracy by age, sex and skin group is not measured. Expect it to be unequal until somebody measures "
    "it; measure it on your own people before relying on it.",
}
"""An expression network of other data than FER2013."""


def notes(name: str) -> dict[str, str]:
    """The texts of a network's card."""
    return dict(NOTES[name])


def is_fer(name: str) -> bool:
    """Whether a data set is FER2013, by its name."""
    return name.lower().startswith("fer2013")


def terms(name: str, voted: bool) -> str:
    """What a card says of the terms of a data set of expressions, by its name and whether a crowd voted on it."""
    if not (voted or is_fer(name)):
        return f"{name}: under the terms of whoever gave it out; they were not told to this program."
    votes = " FER+ votes: MIT licence (Microsoft)." if voted else ""
    return f"FER2013: Kaggle challenge data, research use.{votes}"


def models(folder: Path) -> list[Path]:
    """The .tflite files of a folder.

    Raises:
        ConfigError: There is none.
    """
    found = sorted(folder.glob("*.tflite"))
    if not found:
        raise ConfigError(f"{folder}: holds no .tflite file")
    return found


def refresh(paths: Iterable[Path]) -> None:
    """Brings the texts of cards up to those of this file; figures, version and sha256 stay.

    Only those of the data that this project ships models of: of other data their maker knows more, and may have written
    it down.

    Raises:
        ModelError: A card is missing or damaged.
    """
    for path in paths:
        card = load_card(path, None)
        foreign = card.name == "emotion" and not is_fer(str(card.data.get("training", "")))
        if card.name in NOTES and not foreign and card.notes != NOTES[card.name]:
            with resources.writing(card_path(path)):
                replace(card, notes=notes(card.name)).save(card_path(path))
            log.info("%s: texts brought up to date", card_path(path))
