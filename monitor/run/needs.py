"""Requirements of a run besides its source and its networks: an MQTT client and a readable password."""

from __future__ import annotations

import logging

from monitor.settings.config import Config

log = logging.getLogger("monitor")


def require_outputs(config: Config) -> None:
    """Checks alerts and MQTT before anything is written; warns about settings that have no effect.

    Raises:
        ConfigError: paho-mqtt is not installed, or the password or certificate file cannot be read.
    """
    alerts = config.alerts
    if (alerts.command or alerts.sound) and not (alerts.expression or config.driver.enabled):
        log.warning("alerts: nothing triggers them; set alerts.expression, or judge a driver with --profile driver")
    if (alerts.command or alerts.sound) and alerts.expression and alerts.min_level > 1:
        log.warning(
            "alerts: held expressions have level 1, below the minimum, and trigger nothing; set alerts.min_level=1"
        )
    if config.mqtt.host:
        from monitor.outputs.remote import broker

        broker.require(config.mqtt)
