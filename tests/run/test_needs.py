"""Outputs that could never act are reported before the run begins."""

from __future__ import annotations

import pytest

from monitor.core.errors import ConfigError
from monitor.run.needs import require_outputs
from monitor.settings.config import load


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["alerts.command=true"], "nothing triggers them"),
        (["alerts.sound=true"], "nothing triggers them"),
        (["alerts.command=true", "alerts.expression=sad"], ""),
        (["alerts.command=true", "driver.enabled=true"], ""),
        (["alerts.command=true", "alerts.expression=sad", "alerts.min_level=2"], "set alerts.min_level=1"),
        (["alerts.expression=sad"], ""),
        ([], ""),
    ],
)
def test_alerts_that_nothing_triggers_are_one_warning(
    settings: list[str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    require_outputs(load(None, settings)[0])
    assert len(caplog.records) == bool(said)
    assert said in caplog.text


@pytest.mark.parametrize("setting", ["mqtt.password_file=/nowhere", "mqtt.ca_file=/nowhere"])
def test_files_of_the_broker_are_read_before_anything_is_written(setting: str) -> None:
    settings = ["mqtt.host=broker", "mqtt.user=me", "mqtt.tls=true", setting]
    with pytest.raises(ConfigError, match=r"/nowhere: cannot be read: No such file or directory"):
        require_outputs(load(None, settings)[0])
