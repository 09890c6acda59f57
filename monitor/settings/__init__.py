"""Declared settings, the strict YAML reader and cross-field validation."""
