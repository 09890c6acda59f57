"""The cover network."""
