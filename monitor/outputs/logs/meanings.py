"""The meaning of each column of ``faces.csv`` and ``drive.csv``, for the documentation; a test keeps it complete."""

from __future__ import annotations

from monitor.core.labels import EMOTIONS

FACES: dict[str, str] = {
    "session": "start of the run as YYYYmmddTHHMMSS",
    "frame": "number of the frame in its source, from 0; in live runs overwritten frames are missing",
    "timestamp": "wall clock, ISO 8601 with offset; it may jump (NTP, no battery clock)",
    "video_time": "seconds since the first frame: a file's own time, a camera's monotonic clock",
    "face_id": "number of the face in this run, from 1; never reused",
    "success": "1; 0 in the single row of a frame without a face, whose face columns are empty",
    "x": "left edge of the box in pixels of the unmirrored frame; may lie outside of it",
    "y": "top edge of the box in pixels",
    "w": "width of the box in pixels",
    "h": "height of the box in pixels",
    "quality": "0 to 1: how well the face can be read (size, sharpness, light, pose, covers)",
    "emotion": "the shown label: the top of the distribution, or unknown",
    "confidence": "smoothed probability of the label; of the top label while unknown",
    **{name: f"smoothed probability of {name}; the seven sum to 1; empty until the face was read" for name in EMOTIONS},
    "raw_emotion": "top label of this frame alone; empty where the face was not read in this frame",
    "latency_ms": "live: from grab to result; files: duration of the step, in ms",
    "yaw": "head pose in degrees: positive turns the nose to the left of the picture",
    "pitch": "head pose in degrees: positive lowers the nose",
    "roll": "head pose in degrees: positive turns the head clockwise in the picture",
    "covered": "half of the face that something covers: upper (eyes), lower (mouth) or both; else empty",
    "still": "1 for a face that has not moved by itself for 8 s (statue, poster), else 0; in photographs always 0",
    "seen": "1; 0 for a face shown at its predicted place",
    "eye_right": "openness of the person's right eye, 0 to 1",
    "eye_left": "openness of the person's left eye, 0 to 1",
    "eye_right_quality": "0 to 1: how well that eye can be judged",
    "eye_left_quality": "0 to 1: how well that eye can be judged",
    "mouth": "inner lip distance divided by the mouth's width; empty for a covered mouth",
    "picture": "0 where the picture is too dark or uniform to show a face, else 1",
    "driver": "1 in the driver's row, else 0",
    "file": "name of the picture, for folders of photographs",
}
"""Of ``faces.csv``; the driver's state columns are described in ``DRIVER``."""
DRIVER: dict[str, str] = {
    "eyes": "openness of the eyes relative to this driver's normal opening, 0 to 1",
    "blinks_per_min": "blinks in the last minute; empty while under half of it is known",
    "perclos": "share of the window with the eyes at least 80 % closed; empty while under half of it is known",
    "fatigue": "fatigue score, 0 to 100",
    "level": "fatigue level: none, early, drowsy, danger",
    "attention": "attentive, eyes shut, turned away, absent or cannot judge",
}
"""Of the driver's state, in the driver's row or the first row of a frame."""
DRIVE: dict[str, str] = {
    "session": "start of the run",
    "minute": "number of the minute, from 0",
    "timestamp": "wall clock at the beginning of the minute",
    "seconds": "seconds of this minute that were judged",
    "attentive": "share of the minute",
    "eyes_shut": "share of the minute",
    "turned_away": "share of the minute",
    "absent": "share of the minute",
    "cannot_judge": "share of the minute",
    "calibrated": "0 to 1: progress of learning the driver's normal values",
    "eyes_mean": "mean openness of the eyes",
    "blinks_per_min": "value at the end of the minute",
    "perclos": "value at the end of the minute",
    "fatigue_mean": "mean fatigue score",
    "fatigue_max": "highest fatigue score",
    "level_max": "highest fatigue level",
}
"""Of ``drive.csv``; the columns that count events are named after the signs."""
