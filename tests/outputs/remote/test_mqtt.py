"""MQTT against a real broker on loopback: a camera in Home Assistant."""

from __future__ import annotations

import itertools
import json
import socket
from pathlib import Path

import pytest

from monitor.core.types import Event
from monitor.outputs.remote.mqtt import HEARTBEAT_S, UNSEEN_S
from tests.fakes import face
from tests.outputs.remote.brokers import Ear, Mosquitto, eventually, needs_broker
from tests.outputs.remote.camera import Camera, appeared

pytest.importorskip("jinja2")
from tests.outputs.remote.home import Home

pytestmark = needs_broker


def test_home_assistant_shows_faces_and_expressions(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        ear = Ear(broker.port)
        camera = Camera(broker.port).online()
        ear.wait("door/availability", lambda payload: payload == "online")
        camera.film(1.2)
        camera.film(5, face(1, "happy"), events=(appeared(1),))
        camera.film(5, face(1, "angry"), face(2, "sad"))
        camera.film(5, events=(appeared(1, "end"),))
        camera.dark(UNSEEN_S + 1.5)
        camera.sink.close([])
        ear.wait("door/availability", lambda payload: payload == "stopped")
        home = Home().take(ear.heard)
        assert home.complaints == []
        states = [json.loads(state) for state in ear.of("door/state")]
        shown = [(state["presence"], state["faces"], state["expression"]) for state in states]
        assert [key for key, _ in itertools.groupby(shown)] == [
            (False, 0, None), (True, 1, "happy"), (True, 2, "angry"), (False, 0, None), (None, None, None),
        ]  # fmt: skip
        events = home.entities["events"].events
        assert [event["event_type"] for event in events] == [
            "face appeared", "expression held", "face left", "expression ended",
        ]  # fmt: skip
        assert (events[1]["label"], events[1]["session"], events[1]["level"]) == ("angry", "S1", 1)
        assert home.entities["presence"].available is False
        ear.close()
        late = Ear(broker.port)  # Home Assistant starts later: everything but the events is retained
        late.wait("door/config")
        late.wait("door/state")
        again = Home().take(late.heard)
        assert set(again.entities) == {"presence", "faces", "expression", "events"}
        assert again.entities["events"].events == []
        late.close()


def test_a_state_is_sent_on_change_at_most_once_a_second_and_at_intervals(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        ear = Ear(broker.port, "emotion-monitor/+/state")
        camera = Camera(broker.port).online()
        for n in range(20):  # every frame another one, for four seconds
            camera.film(0.2, face(1, ("happy", "sad")[n % 2]))
        camera.film(10 * HEARTBEAT_S, face(1, "happy"))
        camera.sink.close([])
        eventually(lambda: len(ear.of("state")) >= 14, "states")
        assert 14 <= len(ear.of("state")) <= 16
        ear.close()


def test_a_drive_as_the_broker_sees_it(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        ear = Ear(broker.port)
        camera = Camera(broker.port, "van_7", driver=True).online()
        drowsy = Event("fatigue", "start", 3, 5.5, 1.8e9, 1, 2, {"what": "drowsy", "score": 55.0})
        camera.film(2, face(1), events=(drowsy,))
        camera.sink.close([Event("fatigue", "end", 3, 9.0, 1.8e9, 1, 2, {"duration_s": 3.5})])
        ear.wait("van_7/availability", lambda payload: payload == "stopped")
        home = Home().take(ear.heard)
        assert [event["event_type"] for event in home.entities["events"].events] == ["fatigue started", "fatigue ended"]
        topics = [topic for topic, _, _ in ear.heard]
        announced = topics.index("homeassistant/device/van_7/config")
        assert announced < min(
            topics.index("emotion-monitor/van_7/state"), topics.index("emotion-monitor/van_7/events")
        )
        assert home.entities["events"].events[0]["level"] == 2
        assert home.entities["attention"].state == "attentive"
        assert home.complaints == []
        ear.close()


@pytest.mark.slow
def test_a_program_that_dies_is_offline(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        ear = Ear(broker.port)
        camera = Camera(broker.port).online()
        ear.wait("door/availability", lambda payload: payload == "online")
        camera.sink.broker._client.socket().shutdown(socket.SHUT_RDWR)  # what kill -9 does to the connection
        ear.wait("door/availability", lambda payload: payload == "offline")
        camera.sink.close([])
        ear.close()


@pytest.mark.slow
def test_after_a_restart_of_the_broker_everything_is_published_again(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        camera = Camera(broker.port).online()
        camera.film(2, face(1, "happy"))
        broker.stop()
        eventually(lambda: not camera.sink.broker.connected, "loss")
        camera.film(3, face(1, "happy"), events=(appeared(1),))
        broker.start()
        camera.online()
        ear = Ear(broker.port)
        camera.film(2, face(1, "happy"))
        assert json.loads(ear.wait("door/events"))["event_type"] == "face appeared"
        ear.wait("door/state")
        ear.wait("door/config")
        ear.wait("door/availability", lambda payload: payload == "online")
        home = Home().take(ear.heard)
        assert (home.entities["expression"].state, home.entities["presence"].available) == ("happy", True)
        assert home.complaints == []
        camera.sink.close([])
        ear.close()


@pytest.mark.slow
def test_events_wait_for_a_broker_that_is_not_there_yet_and_old_states_do_not(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    camera = Camera(broker.port, driver=True)
    camera.film(1, events=(Event("eyes_closed", "start", 3, 1.0, 1.8e9, 1, 2, {"what": "microsleep"}),))
    camera.film(600, face(1))
    with broker:
        camera.online()
        ear = Ear(broker.port)
        camera.film(0.2, face(1))
        assert json.loads(ear.wait("door/events"))["what"] == "microsleep"
        ear.wait("door/state")
        camera.sink.close([])
        ear.wait("door/availability", lambda payload: payload == "stopped")
        assert len(ear.of("door/state")) == 1
        ear.close()


def test_the_sensors_of_the_first_version_give_way_to_the_device(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        old = "homeassistant/sensor/door/perclos/config"
        ear = Ear(broker.port)
        ear.client.publish(old, '{"name": "PERCLOS"}', qos=1, retain=True)
        ear.client.publish("homeassistant/sensor/other/perclos/config", '{"name": "PERCLOS"}', qos=1, retain=True)
        ear.wait("other/perclos/config")
        camera = Camera(broker.port, driver=True).online()
        ear.wait("door/perclos/config", lambda payload: payload == "")
        eventually(lambda: [t for t, _, _ in ear.heard][-1] == "homeassistant/device/door/config", "device last")
        camera.sink.close([])
        ear.close()
        late = Ear(broker.port)
        late.wait("other/perclos/config")
        assert late.of("door/perclos/config") == []
        late.close()
