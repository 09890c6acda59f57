from __future__ import annotations

import logging
import threading

from monitor.core.origin import CameraNames, work_for


def test_lines_of_a_cameras_threads_begin_with_its_name() -> None:
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    log, handler = logging.Logger("cameras"), Keeper()
    handler.addFilter(CameraNames())
    log.addHandler(handler)

    def work() -> None:
        work_for("door")
        log.warning("%d frames were not recorded", 3)
        log.error("error: %s stopped", "VideoSink")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    log.warning("of no camera, 100 %")
    assert lines == ["door: 3 frames were not recorded", "error: door: VideoSink stopped", "of no camera, 100 %"]


def test_a_run_with_one_source_adds_nothing() -> None:
    work_for("")
    record = logging.LogRecord("monitor", logging.INFO, "", 0, "face %d appeared", (1,), None)
    assert CameraNames().filter(record)
    assert (record.msg, record.args) == ("face %d appeared", (1,))
