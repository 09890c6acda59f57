"""The state that all viewers of a camera share."""

from __future__ import annotations

import json

import pytest

from monitor.outputs.live.web.site import SHARED_S
from tests.fakes import face, result
from tests.outputs.live.web.conftest import Run


@pytest.mark.parametrize("uptime", [0.0, 1000.3, 20_000.0, 1e6])
def test_the_first_viewer_gets_a_state_however_long_the_machine_is_up(run: Run, uptime: float) -> None:
    site = run.site()
    site.clock = run.clock
    run.clock.now = uptime  # n - (n - 0.1) is less than 0.1 for many n
    run.hub.put(result(1.0, [face()], 1))
    (camera,) = site.cameras.values()
    assert json.loads(site.shared_state(camera)[1])["frame"] == 1


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
