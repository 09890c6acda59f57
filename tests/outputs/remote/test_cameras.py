"""A run with several cameras at a real broker: each is a device of its own to Home Assistant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.cli import main as cli
from tests.outputs.remote.brokers import MOSQUITTO, Ear, Mosquitto

pytest.importorskip("paho.mqtt.client", reason="needs the extra mqtt")
pytest.importorskip("jinja2")
from tests.outputs.remote.home import Home

pytestmark = [
    pytest.mark.slow,  # the demo plays at true speed, because a state comes at most once a second
    pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto (apt install mosquitto)"),
]


def test_each_camera_is_a_device_with_its_own_availability_state_and_events(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        ear = Ear(broker.port)
        settings = {
            "mqtt": {"host": "127.0.0.1", "port": broker.port, "name": "house"},
            "source": {"pace": "always"},
            "cameras": {"door": {"source": "demo"}, "cab": {"source": "demo", "settings": {"mqtt": {"name": "car"}}}},
        }
        (tmp_path / "c.yaml").write_text(json.dumps(settings))
        argv = ["--config", str(tmp_path / "c.yaml"), "--headless", "-q", "--out", str(tmp_path / "s")]
        assert cli.main([*argv, "--max-seconds", "4"]) == 0
        for name in ("house_door", "car"):
            ear.wait(f"{name}/availability", lambda payload: payload == "stopped")
        ear.close()
    for name, session in (("house_door", "_door"), ("car", "_cab")):
        own = [message for message in ear.heard if f"/{name}/" in message[0]]
        home = Home().take(own)
        assert home.complaints == []
        assert set(home.entities) == {"presence", "faces", "expression", "events"}
        assert home.entities["faces"].state == "1"
        assert not home.entities["faces"].available, "stopped"
        events = [json.loads(payload) for topic, payload, _ in own if topic.endswith("/events")]
        assert [event["event_type"] for event in events] == ["face appeared", "face left"]
        assert all(event["session"].endswith(session) for event in events)
