"""The eye network."""
