"""The state that all viewers of a camera share."""

from __future__ import annotations

import json

from monitor.outputs.live.web.site import SHARED_S
from tests.fakes import face, result
from tests.outputs.live.web.conftest import Run


def test_viewers_share_one_encoding_for_a_moment(run: Run) -> None:
    site = run.site()
    site.clock = run.clock
    (camera,) = site.cameras.values()
    run.hub.put(result(1.0, [face()], 1))
    first = site.shared_state(camera)
    run.hub.put(result(1.1, [face()], 2))
    run.clock.advance(SHARED_S / 2)
    assert site.shared_state(camera) == first
    run.clock.advance(SHARED_S)
    frames, text = site.shared_state(camera)
    assert (first[0], frames) == (1, 2), "a viewer notices that a newer frame is missing"
    assert json.loads(text)["frame"] == 2
