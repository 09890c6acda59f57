"""What a run needs besides its source and its networks: an MQTT client and a readable password."""

from __future__ import annotations

import logging

from monitor.settings.config import Config

log = logging.getLogger("monitor")


def require_outputs(config: Config) -> None:
    """Checks the outputs of a driver's events before anything is written; warns about settings that have no effect.

    Raises:
        ConfigError: paho-mqtt is not installed, or the password file cannot be read.
    """
    if not config.driver.enabled:
        if config.alerts.command or config.alerts.sound or config.mqtt.host:
            log.warning("alerts and mqtt act on a driver's events only; switch them on with --profile driver")
    elif config.mqtt.host:
        from monitor.outputs.remote import mqtt

        mqtt.require(config.mqtt)
