"""Outputs that leave the process: MQTT and alert commands."""
