"""The page of a run with several cameras."""

from __future__ import annotations

from dataclasses import replace

from starlette.testclient import TestClient

from monitor.outputs.live.web.app import build
from monitor.outputs.live.web.hub import Hub
from monitor.outputs.live.web.site import CameraView
from tests.fakes import face, result
from tests.outputs.live.web.conftest import Run


def test_cameras_are_distinguished_by_name(run: Run) -> None:
    site = run.site()
    (first,) = site.cameras.values()
    other = Hub(run.clock)
    site.cameras.clear()
    site.cameras["door"] = replace(first, name="door")
    site.cameras["cab"] = CameraView(other, None, first.controls, "cab", lambda: True)
    run.hub.put(result(1.0, (face(1, "happy"),)))
    client = TestClient(build(site), base_url="http://localhost:8080")
    assert client.get("/api/state").json()["camera"] == "door"
    assert client.get("/api/state?camera=cab").json()["run"]["over"]
    short = client.get("/api/cameras").json()
    assert [(one["name"], one["faces"], one["label"], one["over"]) for one in short] == [
        ("door", 1, "happy", False), ("cab", 0, None, True),
    ]  # fmt: skip
    assert client.get("/picture.jpg?camera=cab").status_code == 403
    site.absent["yard"] = "waiting for its source"
    last = client.get("/api/cameras").json()[-1]
    assert (last["name"], last["wrong"], last["open"]) == ("yard", ["waiting for its source"], False)
    assert client.get("/picture.jpg?camera=door").status_code == 200
    for path in ("/api/state", "/api/events", "/picture.jpg"):
        assert client.get(f"{path}?camera=none").status_code == 404
    assert 'emotion_monitor_faces{camera="door"} 1.0' in client.get("/metrics").text


def test_one_camera_without_frames_does_not_make_the_page_unhealthy(run: Run) -> None:
    site = run.site()
    (first,) = site.cameras.values()
    site.cameras.clear()
    site.cameras.update(
        {"door": replace(first, name="door"), "cab": CameraView(Hub(run.clock), None, first.controls, "cab")}
    )
    client = TestClient(build(site), base_url="http://localhost:8080")
    assert client.get("/healthz").status_code == 503
    run.hub.put(result(1.0))
    assert client.get("/healthz").json()["cameras"]["cab"] == {"last_frame_s": None}
    assert client.get("/healthz").status_code == 200
