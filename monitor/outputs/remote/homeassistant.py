"""Home Assistant's MQTT discovery: one device with all its entities in one retained message.

Device-based discovery needs Home Assistant 2024.11 or newer:
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor import __version__
from monitor.core.driver_state import ABSENT, ATTENTIVE, EYES_SHUT, FATIGUE_LEVELS, TURNED, UNJUDGED
from monitor.core.labels import EMOTIONS
from monitor.driver import signs
from monitor.outputs.remote.broker import ROOT
from monitor.outputs.remote.eventtypes import event_types

PREFIX = "homeassistant"
EXPIRE_S = 30
"""Seconds without a state after which Home Assistant shows an entity as unavailable; see ``mqtt.HEARTBEAT_S``."""
ENUMS = {"level": FATIGUE_LEVELS, "attention": (ATTENTIVE, EYES_SHUT, TURNED, ABSENT, UNJUDGED)}
"""Driver fields with a fixed list of values; all other fields are measurements."""
DIAGNOSTIC = ("calibrated",)
Entity = dict[str, Any]


def config_topic(name: str) -> str:
    """The topic of a device's discovery message."""
    return f"{PREFIX}/device/{name}/config"


def old_topics(name: str) -> str:
    """A topic filter for the discovery messages of version 0.1, one per sensor, which block the discovery of the
    device."""
    return f"{PREFIX}/sensor/{name}/+/config"


def device_config(name: str, *, driver: bool, labels: Sequence[str] = EMOTIONS) -> dict[str, Any]:
    """The discovery message of one camera.

    Args:
        name: ``mqtt.name``.
        driver: Whether the device includes the driver's sensors. If not, they are listed with only their platform,
            which removes sensors that an earlier run announced.
        labels: The model's labels.
    """
    base = f"{ROOT}/{name}"
    entities = {**_face_entities(base, labels), "events": _events(base, driver=driver)}
    sensors = {field.name: _driver_sensor(field) for field in signs.FIELDS if field.title}
    components = {key: _identified(entity, name, key) for key, entity in entities.items()}
    for key, entity in sensors.items():
        components[key] = _identified(entity, name, key) if driver else {"platform": entity["platform"]}
    return {
        "device": {
            "identifiers": [f"{ROOT}-{name}"], "name": name.replace("_", " "), "manufacturer": "Emotion Monitor",
            "model": "Camera", "sw_version": __version__,
        },
        "origin": {"name": ROOT, "sw_version": __version__},
        "availability_topic": f"{base}/availability",
        "availability_template": "{{ 'online' if value == 'online' else 'offline' }}",
        "payload_available": "online", "payload_not_available": "offline",
        "state_topic": f"{base}/state",
        "components": components,
    }  # fmt: skip


def _identified(entity: Entity, name: str, key: str) -> Entity:
    return {**entity, "unique_id": f"{ROOT}-{name}-{key}"}


def _face_entities(base: str, labels: Sequence[str]) -> dict[str, Entity]:
    return {
        "presence": {
            "platform": "binary_sensor", "name": "Presence", "device_class": "occupancy", "expire_after": EXPIRE_S,
            "value_template": "{{ {true: 'ON', false: 'OFF'}.get(value_json.presence, 'None') }}",
        },
        "faces": {
            "platform": "sensor", "name": "Faces", "icon": "mdi:account-group", "state_class": "measurement",
            "unit_of_measurement": "faces", "value_template": "{{ value_json.faces }}", "expire_after": EXPIRE_S,
        },
        "expression": {
            "platform": "sensor", "name": "Expression", "icon": "mdi:emoticon-outline", "device_class": "enum",
            "options": list(labels), "value_template": "{{ value_json.expression }}", "expire_after": EXPIRE_S,
            "json_attributes_topic": f"{base}/state",
            "json_attributes_template": "{{ value_json.main_face | tojson }}",
        },
    }  # fmt: skip


def _events(base: str, *, driver: bool) -> Entity:
    return {
        "platform": "event", "name": "Events", "icon": "mdi:bell-outline", "state_topic": f"{base}/events",
        "event_types": event_types(driver=driver),
    }  # fmt: skip


def _driver_sensor(field: signs.Field) -> Entity:
    entity: Entity = {
        "platform": "sensor", "name": field.title, "icon": field.icon, "expire_after": EXPIRE_S,
        "value_template": f"{{{{ value_json.{field.name} }}}}",
    }  # fmt: skip
    if field.name in ENUMS:
        return {**entity, "device_class": "enum", "options": list(ENUMS[field.name])}
    entity["state_class"] = "measurement"
    if field.unit:
        entity["unit_of_measurement"] = field.unit
    if field.name in DIAGNOSTIC:
        entity["entity_category"] = "diagnostic"
    return entity
