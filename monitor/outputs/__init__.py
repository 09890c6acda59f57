"""Sinks: every place where results go."""
