"""A client that reads MQTT discovery as Home Assistant does, and complains where Home Assistant would.

The rules are those of Home Assistant's MQTT integration: the schemas of device-based discovery, of sensors, binary
sensors and events, the rendering of templates and the reading of payloads. Home Assistant itself is not needed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import jinja2

TOPIC = re.compile(r"homeassistant/(?P<component>\w+)/(?:[a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config")
AVAILABILITY = {"availability_topic", "availability_template", "payload_available", "payload_not_available"}
ROOT_KEYS = {"device", "origin", "components", "state_topic", "command_topic", "qos", "encoding", *AVAILABILITY}
SHARED_KEYS = {"state_topic", *AVAILABILITY}
"""Passed on to every entity that does not have them itself."""
DEVICE_KEYS = {
    "identifiers", "connections", "manufacturer", "model", "model_id", "name", "hw_version", "serial_number",
    "sw_version", "via_device", "suggested_area", "configuration_url",
}  # fmt: skip
ORIGIN_KEYS = {"name", "sw_version", "support_url"}
COMMON_KEYS = {
    "platform", "unique_id", "name", "icon", "entity_category", "enabled_by_default", "json_attributes_topic",
    "json_attributes_template", "default_entity_id", "entity_picture", "state_topic", "value_template", "qos",
    "encoding", *AVAILABILITY,
}  # fmt: skip
PLATFORM_KEYS = {
    "sensor": {
        "device_class", "expire_after", "force_update", "options", "state_class", "suggested_display_precision",
        "unit_of_measurement", "last_reset_value_template",
    },
    "binary_sensor": {"device_class", "expire_after", "force_update", "off_delay", "payload_on", "payload_off"},
    "event": {"device_class", "event_types"},
}  # fmt: skip
DEVICE_CLASSES = {
    "sensor": {"enum", "duration", "timestamp", "temperature", "humidity"},
    "binary_sensor": {"occupancy", "presence", "motion", "connectivity", "problem", "running", "sound"},
    "event": {"button", "doorbell", "motion"},
}
Config = dict[str, Any]


def faults(topic: str, config: Config) -> list[str]:
    """Why Home Assistant would refuse a discovery message of a device, or an entity in it."""
    found = []
    match = TOPIC.fullmatch(topic)
    if match is None or match["component"] != "device":
        found.append(f"{topic} is not a topic of device discovery")
    found += [f"{key} is missing" for key in ("device", "origin", "components") if key not in config]
    found += [f"{key} is not known" for key in config.keys() - ROOT_KEYS]
    device, origin = config.get("device", {}), config.get("origin", {})
    found += [f"device.{key} is not known" for key in device.keys() - DEVICE_KEYS]
    if not (device.get("identifiers") or device.get("connections")):
        found.append("device has no identifier")
    found += [f"origin.{key} is not known" for key in origin.keys() - ORIGIN_KEYS]
    if not isinstance(origin.get("name"), str):
        found.append("origin has no name")
    ids = [entity["unique_id"] for entity in config["components"].values() if "unique_id" in entity]
    if len(set(ids)) != len(ids):
        found.append("a unique_id occurs twice")
    for name, entity in config["components"].items():
        found += [f"{name}: {fault}" for fault in entity_faults(entity, config)]
    return found


def entity_faults(entity: Config, root: Config) -> list[str]:
    """Why Home Assistant would refuse an entity."""
    platform = entity.get("platform")
    if platform not in PLATFORM_KEYS:
        return [f"platform {platform} is not known"]
    if len(entity) == 1:
        return []  # removes the entity
    found = [f"{key} is not known" for key in entity.keys() - COMMON_KEYS - PLATFORM_KEYS[platform]]
    if not isinstance(entity.get("unique_id"), str):
        found.append("has no unique_id")
    if "device_class" in entity and entity["device_class"] not in DEVICE_CLASSES[platform]:
        found.append(f"device_class {entity['device_class']} is not known")
    topics = [value for key, value in (root | entity).items() if key.endswith("_topic")]
    found += [f"{topic} is not a topic" for topic in topics if not topic or set(topic) & set("#+\0")]
    if "state_topic" not in root | entity:
        found.append("has no state_topic")
    if not (isinstance(entity.get("expire_after", 1), int) and entity.get("expire_after", 1) > 0):
        found.append("expire_after is not a positive whole number")
    if not re.fullmatch(r"mdi:[a-z0-9-]+", entity.get("icon", "mdi:x")):
        found.append("icon is not an icon")
    if entity.get("entity_category", "diagnostic") not in ("config", "diagnostic"):
        found.append("entity_category is not known")
    if platform == "event" and not entity.get("event_types"):
        found.append("has no event_types")
    return found + (sensor_faults(entity) if platform == "sensor" else []) + template_faults(root | entity)


def sensor_faults(entity: Config) -> list[str]:
    found = []
    options = entity.get("options")
    if options is not None:
        if not options:
            found.append("options are empty")
        if entity.get("state_class") or entity.get("unit_of_measurement"):
            found.append("options exclude state_class and unit_of_measurement")
        if entity.get("device_class") != "enum":
            found.append("options need device_class enum")
    if entity.get("state_class", "measurement") not in ("measurement", "total", "total_increasing"):
        found.append("state_class is not known")
    return found


def template_faults(entity: Config) -> list[str]:
    found = []
    for key, value in entity.items():
        if key.endswith("_template"):
            try:
                jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(value)
            except jinja2.TemplateSyntaxError as error:
                found.append(f"{key}: {error}")
    return found


@dataclass
class Entity:
    """An entity as Home Assistant shows it; state None = unknown."""

    config: Config
    state: Any = None
    attributes: Config = field(default_factory=dict)
    available: bool = False
    events: list[Config] = field(default_factory=list)


class Home:
    """Discovers devices and follows their entities, from the messages of an ``Ear`` so far."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        self.complaints: list[str] = []
        self._root: Config = {}
        self._last: dict[str, str] = {}

    def take(self, heard: list[tuple[str, str, bool]]) -> Home:
        """Takes messages in order; retained ones that came before the device was known count as Home Assistant's own
        subscription would bring them."""
        for topic, payload, retained in heard:
            if topic.endswith("/config"):
                self._discover(topic, payload)
            else:
                if not topic.endswith("/events"):
                    self._last[topic] = payload
                self._message(topic, payload, retained=retained)
        return self

    def _discover(self, topic: str, payload: str) -> None:
        if not topic.startswith("homeassistant/device/"):
            return
        config = json.loads(payload)
        self.complaints += faults(topic, config)
        self._root = {key: value for key, value in config.items() if key in SHARED_KEYS}
        for name, entity in config["components"].items():
            if len(entity) == 1:
                self.entities.pop(name, None)
            else:
                known = self.entities.get(name, Entity({}))
                known.config = {**self._root, **entity}
                self.entities[name] = known
        for known_topic, last in self._last.items():
            self._message(known_topic, last, retained=True)

    def _message(self, topic: str, payload: str, *, retained: bool) -> None:
        for name, entity in self.entities.items():
            config = entity.config
            if topic == config["availability_topic"]:
                shown = self._render(config["availability_template"], payload)
                if shown in (config["payload_available"], config["payload_not_available"]):
                    entity.available = shown == config["payload_available"]
            if topic == config.get("json_attributes_topic"):
                attributes = json.loads(self._render(config["json_attributes_template"], payload))
                if isinstance(attributes, dict):
                    entity.attributes = attributes
                else:
                    self.complaints.append(f"{name}: attributes are not an object: {attributes}")
            if topic == config["state_topic"]:
                getattr(self, f"_{config['platform']}")(name, entity, payload, retained)

    def _sensor(self, name: str, entity: Entity, payload: str, retained: bool) -> None:
        shown = self._render(entity.config["value_template"], payload)
        entity.state = None if shown == "None" else shown
        options = entity.config.get("options")
        if entity.state is None:
            return
        if options is not None and shown not in options:
            self.complaints.append(f"{name}: {shown} is not one of {options}")
        if "state_class" in entity.config or "unit_of_measurement" in entity.config:
            try:
                float(shown)
            except ValueError:
                self.complaints.append(f"{name}: {shown} is not a number")

    def _binary_sensor(self, name: str, entity: Entity, payload: str, retained: bool) -> None:
        shown = self._render(entity.config["value_template"], payload)
        states = {"ON": True, "OFF": False, "None": None}
        if shown in states:
            entity.state = states[shown]
        else:
            self.complaints.append(f"{name}: {shown} is none of {list(states)}")

    def _event(self, name: str, entity: Entity, payload: str, retained: bool) -> None:
        if retained:
            return
        event = json.loads(payload)
        if event.get("event_type") not in entity.config["event_types"]:
            self.complaints.append(f"{name}: event_type {event.get('event_type')} was not announced")
        entity.events.append(event)

    @staticmethod
    def _render(template: str, payload: str) -> str:
        """Renders like Home Assistant: the payload as ``value``, and as ``value_json`` where it is JSON."""
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
        try:
            known = {"value": payload, "value_json": json.loads(payload)}
        except ValueError:
            known = {"value": payload}
        return environment.from_string(template).render(known).strip()
