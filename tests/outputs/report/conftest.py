from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.core.labels import EMOTIONS

HEADER = "session,frame,timestamp,video_time,face_id,success,x,y,w,h,quality,emotion,confidence," + ",".join(EMOTIONS)


def session(folder: Path, seconds: float = 20.0, rate: float = 5.0, *, driver: bool = False) -> Path:
    """A session of one person: happy in the first half, neutral in the second, unknown in the last second."""
    folder.mkdir(parents=True)
    lines = [HEADER]
    for n in range(int(seconds * rate)):
        t = n / rate
        name = "unknown" if t >= seconds - 1 else "happy" if t < seconds / 2 else "neutral"
        probs = ["0.9000" if label == name else "0.0143" for label in EMOTIONS]
        head = f"S,{n},2026-12-01T00:00:00.000+00:00,{t:.3f},1,1,10.0,10.0,90.0,90.0,0.800,{name},0.9"
        lines.append(head + "," + ",".join(probs))
    (folder / "faces.csv").write_text("\n".join(lines) + "\n")
    event: dict[str, Any] = {"session": "S", "id": 2, "kind": "emotion", "face_id": 1, "level": 0, "label": "happy"}
    told = [
        {**event, "phase": "start", "video_time": 0.0},
        {**event, "phase": "end", "video_time": seconds / 2, "duration_s": seconds / 2},
    ]
    if driver:
        told.append(
            {"session": "S", "id": 3, "kind": "fatigue", "phase": "start", "face_id": 1, "level": 2, "video_time": 5.0}
        )
    (folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in told))
    source = {"kind": "video", "file": "clip <1>.mp4"}
    metadata = {"started": "2026-12-01T00:00:00+00:00", "source": source, "model": {"version": "m1"}}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    summary: dict[str, Any] = {"frames": int(seconds * rate), "frames_with_face": int(seconds * rate), "dropped": 3}
    if driver:
        summary["driver"] = {"attention": {"attentive": 1.0}, "eyes_judged": 0.9}
    (folder / "summary.json").write_text(json.dumps(summary | {"duration_s": seconds}))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session folder."""
    return session(tmp_path / "20261201T000000_clip")


def distribution(name: str) -> np.ndarray:
    """A distribution with 0.9 on one label."""
    return np.array([0.9 if label == name else 0.1 / 6 for label in EMOTIONS])
