"""Shared types: boxes, labels, frames, faces, events and their lifecycle, errors."""
