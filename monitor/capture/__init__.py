"""Frame sources: cameras, network streams, videos, photographs and the built-in demo."""
