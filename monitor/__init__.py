"""Emotion Monitor: reads facial expressions from a camera on small computers."""

__version__ = "0.2.0"
