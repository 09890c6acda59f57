"""The Home Assistant examples name entities and events that are announced."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.outputs.remote.homeassistant import device_config
from monitor.settings.config import MqttConfig

EXAMPLES = Path(__file__).resolve().parents[3] / "deploy" / "homeassistant"
CONFIG = device_config(MqttConfig().name, driver=False)


def entity_ids() -> set[str]:
    """The ids that Home Assistant makes of device and entity names."""
    device = str(CONFIG["device"]["name"]).replace(" ", "_")
    entities = [entity for entity in CONFIG["components"].values() if "name" in entity]
    return {f"{entity['platform']}.{device}_{entity['name'].lower().replace(' ', '_')}" for entity in entities}


@pytest.mark.parametrize("name", ["dashboard.yaml", "automations.yaml"])
def test_every_entity_is_announced(name: str) -> None:
    used = set(re.findall(r"\b(?:binary_sensor|sensor|event)\.\w+", _without_comments(name)))
    assert used
    assert used <= entity_ids()


def _without_comments(name: str) -> str:
    return "\n".join(line for line in (EXAMPLES / name).read_text().splitlines() if not line.startswith("#"))


def test_every_event_type_is_announced() -> None:
    text = _without_comments("automations.yaml")
    used = set(re.findall(r"'(face \w+|expression \w+)'", text))
    assert used == {"expression held", "expression ended"}
    assert used <= set(CONFIG["components"]["events"]["event_types"])


def test_they_are_yaml_of_the_expected_shape() -> None:
    automations: list[dict[str, Any]] = yaml.safe_load((EXAMPLES / "automations.yaml").read_text())
    assert all({"id", "alias", "triggers", "actions"} <= set(automation) for automation in automations)
    assert len({automation["id"] for automation in automations}) == len(automations)
    view: dict[str, Any] = yaml.safe_load((EXAMPLES / "dashboard.yaml").read_text())
    assert all("type" in card for card in view["cards"])


def test_the_templates_render() -> None:
    jinja2 = pytest.importorskip("jinja2")
    view = yaml.safe_load((EXAMPLES / "dashboard.yaml").read_text())
    (card,) = [card for card in view["cards"] if card["type"] == "markdown"]
    known = {"distribution": {"happy": 0.7, "sad": 0.3}, "quality": 0.9}
    shown = jinja2.Template(card["content"]).render(state_attr=lambda entity, name: known[name])
    assert shown.index("| happy | 70.0 % |") < shown.index("| sad | 30.0 % |")
    assert "Nobody" in jinja2.Template(card["content"]).render(state_attr=lambda entity, name: None)
