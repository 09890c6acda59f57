"""Blurring frame by frame: waiting pictures and covered places."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from monitor.capture import demo
from monitor.outputs.video.blur import DELAY_S, Blur
from tests.fakes import detections, face, picture, result
from tests.outputs.video.films import blurred, changed

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("hz", [5, 30])
def test_a_face_is_blurred_before_it_was_known_and_after_it_was_lost(hz: int) -> None:
    image = picture()
    known = [2 <= n / hz < 4 for n in range(8 * hz)]
    results = [result(n / hz, [face(1, box=(300, 200, 400, 300))] if known[n] else [], n, image) for n in range(8 * hz)]
    out = blurred(Blur(whole=False), results)
    assert [r.frame.index for r in out] == list(range(8 * hz))
    hidden = [n / hz for n, (a, b) in enumerate(zip(results, out, strict=True)) if changed(a, b, 350, 250)]
    assert min(hidden) <= 2 - DELAY_S + 1 / hz
    assert all(t in hidden for t in np.arange(hz, 5 * hz) / hz if 0.7 <= t <= 5.3)
    clear = [n for n, (a, b) in enumerate(zip(results, out, strict=True)) if not changed(a, b, 20, 20)]
    assert max(clear) / hz == pytest.approx(8 - DELAY_S, abs=2 / hz)  # the end is a mosaic


def test_waiting_pictures_take_bounded_memory_and_go_out_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.outputs.video.blur.MOST_BYTES", 5 * 480 * 640 * 3)
    blur = Blur(whole=False)
    results = [result(n / 30, index=n, image=picture()) for n in range(60)]
    out = []
    for got in results:
        out += blur.push(got)
        assert len(blur._waiting) <= 5
    assert all(changed(a, b, 20, 20) for a, b in zip(results, out, strict=False))


def test_at_720p30_only_the_faces_go(caplog: pytest.LogCaptureFixture) -> None:
    image = cv2.resize(demo.render(6.5), (1280, 720), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    results = [result(n / 30, [face(1, box=(600, 200, 800, 400))], n, image) for n in range(75)]
    out = blurred(Blur(whole=False), results)
    assert [r.frame.index for r in out] == list(range(75))
    assert all(r.frame.image.shape == image.shape for r in out)
    error = [np.abs(r.frame.image[:, 900:].astype(int) - image[:, 900:]).mean() for r in out]
    assert max(error[:29]) < 2  # packed and unpacked: nothing one could see
    assert min(error[31:]) > 5  # the end comes coarse, as ever
    colors = [len(np.unique(r.frame.image[200:400, 600:800].reshape(-1, 3), axis=0)) for r in out]
    assert max(colors[:29]) == 1
    assert max(colors[31:]) <= 12
    assert not caplog.records


def test_pictures_that_cannot_wait_are_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("monitor.outputs.video.blur.MOST_BYTES", 1_000_000)
    blurred(Blur(whole=False), [result(n / 30, index=n, image=picture(1280, 720)) for n in range(20)])
    assert [r.getMessage()[:40] for r in caplog.records] == ["blur: 1.5 s of pictures of 1280x720 at t"]


def test_a_clock_set_back_releases_all_waiting_pictures() -> None:
    blur = Blur(whole=False)
    out = blurred(blur, [result(t, index=n) for n, t in enumerate((0.0, 0.5, 0.1, 0.6))])
    assert [r.frame.index for r in out] == [0, 1, 2, 3]


def test_pictures_that_wait_at_a_gap_are_written_as_mosaics() -> None:
    """The camera is lost, or the run pauses: the faces of the last pictures were never found."""
    image = picture()
    results = [result(t, index=n, image=image) for n, t in enumerate([*np.arange(30) / 10, *(10 + np.arange(30) / 10)])]
    out = blurred(Blur(whole=False), results)
    assert [r.frame.index for r in out] == list(range(60))
    whole = [n for n, (a, b) in enumerate(zip(results, out, strict=True)) if changed(a, b, 20, 20)]
    assert whole == [*range(15, 30), *range(45, 60)]


def test_the_patch_covers_the_head_and_no_more() -> None:
    """A face that is tracked and found by the search as well gets one patch, 1.3 times the box."""
    box = (115.0, 125.0, 315.0, 325.0)
    hits = SimpleNamespace(find=lambda *_, **__: detections((75, 80, 195, 200)))  # the face, at the search's size
    blur = Blur(whole=False, live=False, detector=hits)
    results = [result(n / 10, [face(1, box=box)], n, picture()) for n in range(25)]
    out = [ready for got in results for ready in blur.push(got)] + blur.finish()
    for before, after in zip(results, out, strict=True):
        rows, columns = np.nonzero((before.frame.image != after.frame.image).any(axis=2))
        assert np.ptp(columns) + 1 == pytest.approx(1.3 * 200, abs=3)
        assert np.ptp(rows) + 1 == pytest.approx(1.3 * 200, abs=3)
