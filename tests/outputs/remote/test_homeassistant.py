"""Discovery messages as Home Assistant checks them, and entities as it shows them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.labels import EMOTIONS
from monitor.driver import signs
from monitor.outputs.remote.homeassistant import config_topic, device_config, old_topics
from monitor.outputs.remote.state import state_of, unseen
from tests.fakes import face, result
from tests.outputs.remote.brokers import driver_state

pytest.importorskip("jinja2")
from tests.outputs.remote.home import Home, faults


@pytest.mark.parametrize("driver", [False, True])
@given(name=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_home_assistant_takes_the_device_of_every_name(name: str, driver: bool) -> None:
    assert faults(config_topic(name), device_config(name, driver=driver)) == []


def test_the_check_finds_what_home_assistant_refuses() -> None:
    """A check that cannot fail would prove nothing."""

    def broken(change: Any) -> list[str]:
        config = json.loads(json.dumps(device_config("x", driver=True)))
        change(config)
        return faults(config_topic("x"), config)

    assert broken(lambda c: c.pop("origin")) == ["origin is missing", "origin has no name"]
    assert broken(lambda c: c["device"].pop("identifiers")) == ["device has no identifier"]
    assert broken(lambda c: c["components"]["faces"].pop("unique_id")) == ["faces: has no unique_id"]
    assert broken(lambda c: c["components"]["faces"].update(expire_after=0)) != []
    assert broken(lambda c: c["components"]["level"].update(state_class="measurement")) != []
    assert broken(lambda c: c["components"]["events"].update(expire_after=3)) == ["events: expire_after is not known"]
    assert broken(lambda c: c["components"]["presence"].update(device_class="person")) != []
    assert broken(lambda c: c["components"]["faces"].update(value_template="{{ value_json.faces }")) != []
    assert broken(lambda c: c.pop("state_topic")) != []
    assert faults("homeassistant/sensor/x/config", device_config("x", driver=True)) != []


def test_one_device_has_all_entities_and_names_its_origin() -> None:
    config = device_config("front_door", driver=False)
    assert config_topic("front_door") == "homeassistant/device/front_door/config"
    assert (config["device"]["name"], config["origin"]["name"]) == ("front door", "emotion-monitor")
    whole = {key for key, entity in config["components"].items() if len(entity) > 1}
    assert whole == {"presence", "faces", "expression", "events"}
    assert config["components"]["expression"]["options"] == list(EMOTIONS)
    assert "fatigue started" not in config["components"]["events"]["event_types"]


def test_a_run_without_driver_mode_takes_the_drivers_sensors_back() -> None:
    home = Home().take([(config_topic("x"), json.dumps(device_config("x", driver=True)), True)])
    titled = {field.name for field in signs.FIELDS if field.title}
    assert titled <= set(home.entities)
    home.take([(config_topic("x"), json.dumps(device_config("x", driver=False)), False)])
    assert set(home.entities) == {"presence", "faces", "expression", "events"}
    assert home.complaints == []


def shown(*states: dict[str, Any], driver: bool = False) -> Home:
    heard = [(config_topic("x"), json.dumps(device_config("x", driver=driver)), True)]
    heard += [("emotion-monitor/x/state", json.dumps(state), False) for state in states]
    return Home().take(heard)


def test_entities_show_the_state() -> None:
    frame = result(0.0, [face(3, "sad"), face(4)])
    home = shown(state_of(frame, frame.faces[0]))
    assert home.entities["presence"].state is True
    assert home.entities["faces"].state == "2"
    assert home.entities["expression"].state == "sad"
    assert home.entities["expression"].attributes["distribution"]["sad"] == 0.9
    assert home.entities["expression"].attributes["face_id"] == 3
    empty = shown(state_of(result(0.0), None))
    assert (empty.entities["presence"].state, empty.entities["faces"].state) == (False, "0")
    assert (empty.entities["expression"].state, empty.entities["expression"].attributes) == (None, {})
    blind = shown(unseen(state_of(result(0.0), None)))
    assert (blind.entities["presence"].state, blind.entities["faces"].state) == (None, None)
    assert home.complaints == empty.complaints == blind.complaints == []


def test_a_drivers_sensors_show_the_state_in_every_condition() -> None:
    frame = result(0.0, [face(1)], driver=driver_state())
    home = shown(state_of(frame, frame.faces[0]), unseen(state_of(frame, frame.faces[0])), driver=True)
    assert home.entities["attention"].state == "cannot judge"
    assert home.entities["level"].state == "none"
    assert home.complaints == []


def test_the_messages_of_the_first_version_are_found_but_not_the_devices() -> None:
    from paho.mqtt.client import topic_matches_sub

    assert topic_matches_sub(old_topics("van_7"), "homeassistant/sensor/van_7/perclos/config")
    assert not topic_matches_sub(old_topics("van_7"), config_topic("van_7"))
    assert not topic_matches_sub(old_topics("van_7"), "homeassistant/sensor/van_8/perclos/config")
