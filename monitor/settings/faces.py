"""Settings of finding, following and tracking faces and of reading their expressions."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.settings.fields import choice, flag, integer, number, text

CASCADES = (
    "haarcascade_frontalface_default", "haarcascade_frontalface_alt",
    "haarcascade_frontalface_alt2", "haarcascade_frontalface_alt_tree",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DetectConfig:
    """Detecting faces in the whole frame."""

    method: str = choice("haar", ("haar", "yunet"), "face detector", advanced=True)
    cascade: str = choice(
        "haarcascade_frontalface_default", CASCADES, "Haar cascade of the opencv package", advanced=True
    )
    follow: bool = flag(
        "follow known faces with the keypoint network; false = only detect them, in every search",
        default=True,
        advanced=True,
    )
    profile: str = choice(
        "auto",
        ("auto", "always", "never"),
        "also detect faces in profile; auto = while following and no face is in view",
        advanced=True,
    )
    proposals: str = text(
        "proposals.tflite",
        "model that proposes regions with new faces; empty = the cascade searches the whole frame",
        advanced=True,
    )
    propose: float = number(
        0.3, 0.01, 0.99, "lowest face probability of a proposed region that is examined", advanced=True
    )
    most: int = integer(
        12,
        1,
        1000,
        "most proposed regions examined in each third of a search; photographs: at least 300",
        advanced=True,
    )
    turned: str = choice(
        "auto",
        ("auto", "always", "never"),
        "also find faces on their side and upside down, at three times the cost of a search; auto = in photographs",
        advanced=True,
    )
    ignore_still: bool = flag(
        "leave out faces that have not moved by themselves for 8 s (statues, posters); not in driver mode",
        default=False,
        advanced=True,
    )
    second_look: bool = flag(
        "check doubtful faces at once in other crops instead of in later frames; always on for photographs",
        default=False,
        advanced=True,
    )
    yunet_model: str = text("", "path of a YuNet .onnx file, required by method yunet", advanced=True)
    width: int = integer(400, 160, 1280, "width to which a frame is scaled for cascades and YuNet", "px", advanced=True)
    min_face: int = integer(
        40,
        20,
        400,
        "smallest detected face in a picture 640 px wide (wider than 16:9: as wide as 16:9 of its height); with "
        "cascades, below 38 needs a larger width",
        "px",
    )
    scale_factor: float = number(1.15, 1.02, 2.0, "ratio between two searched face sizes", advanced=True)
    neighbors: int = integer(
        5, 1, 20, "overlapping hits that start a track; fewer only continue an existing one", advanced=True
    )
    motion: bool = flag(
        "search only changed regions, and the whole frame every 2 s; false = always the whole frame",
        default=True,
        advanced=True,
    )
    every_ms: float = number(
        300.0, 0, 10000, "interval of whole-frame searches while faces are known", "ms", advanced=True
    )
    empty_ms: float = number(
        200.0, 0, 10000, "interval of whole-frame searches while no face is known", "ms", advanced=True
    )
    region_ms: float = number(60.0, 0, 10000, "interval of searches for a face that was just lost", "ms", advanced=True)
    threads: int = integer(1, 1, 16, "threads of OpenCV and of the proposal network", advanced=True)


@dataclass(frozen=True, slots=True)
class FollowConfig:
    """Following known faces with the keypoint network."""

    model: str = text("keypoints.tflite", "model file; a bare name is looked up in models/", advanced=True)
    every_ms: float = number(
        0.0,
        0,
        1000,
        "update each known face this often, at least twice in track.lost_s; 0 = every frame",
        "ms",
        advanced=True,
    )
    start: float = number(0.8, 0, 1, "face presence that turns a detected box into a face", advanced=True)
    keep: float = number(0.4, 0, 1, "face presence below which a followed face counts as missed", advanced=True)
    threads: int = integer(1, 1, 16, "threads of the network", advanced=True)


@dataclass(frozen=True, slots=True)
class TrackConfig:
    """Keeping identities over time."""

    confirm_hits: int = integer(
        2, 1, 20, "detections that confirm a doubtful face; a certain one needs one", advanced=True
    )
    confirm_s: float = number(0.5, 0.05, 5, "longest time between those detections", "s", advanced=True)
    lost_s: float = number(
        0.8, 0.1, 10, "a face not seen for this long is no longer shown or logged", "s", advanced=True
    )
    forget_s: float = number(
        2.0, 0.2, 60, "a face not seen for this long gets a new id when it returns", "s", advanced=True
    )
    gate: float = number(
        0.8, 0.1, 3, "largest mismatch in position and size that still counts as the same face", advanced=True
    )


PRIORS = ("balanced", "web")
"""Priors that the shipped expression model's card holds."""
BASELINES = ("off", "auto")


@dataclass(frozen=True, slots=True)
class EmotionConfig:
    """Reading expressions."""

    model: str = text("emotion.tflite", "model file; a bare name is looked up in models/", advanced=True)
    prior: str = choice(
        "balanced",
        PRIORS,
        "assumed frequency of the expressions: balanced = equal, web = as in web photographs (more neutral)",
    )
    baseline: str = choice(
        "off",
        BASELINES,
        "auto = correct faces that read sad or angry at rest, by their own first 30 calm seconds; not in driver mode",
    )
    threads: int = integer(1, 1, 16, "threads of the network", advanced=True)
    max_per_frame: int = integer(
        4, 1, 64, "most faces read per frame; further faces are read in the next frames", advanced=True
    )
    every_ms: float = number(
        100.0, 0, 5000, "shortest interval between two readings of a face; 0 = every frame", "ms", advanced=True
    )
    smooth_s: float = number(
        0.35, 0, 10, "time constant of the smoothed probabilities; 0 = no smoothing", "s", advanced=True
    )
    mirror: bool = flag(
        "mirror every second crop of a face, so that smoothing averages both views; needs smooth_s above 0",
        default=True,
        advanced=True,
    )
    hold_s: float = number(
        0.25,
        0,
        10,
        "an unreadable face becomes unknown after this time; rival labels take up to 4 times as long",
        "s",
        advanced=True,
    )
    margin: float = number(
        0.08, 0, 1, "lead in probability of one label over another that always changes the label", advanced=True
    )
    jump: float = number(
        0.47, 0, 1, "lead in probability of one label over another that changes the label at once", advanced=True
    )
    min_confidence: float = number(0.4, 0, 1, "confidence below which the label is unknown")
    covers: str = text(
        "covers.tflite",
        "model that detects covered faces (masks, hands, sunglasses), which are not read; empty = none",
        advanced=True,
    )
    min_quality: float = number(0.15, 0, 1, "picture quality below which a face is not read", advanced=True)
