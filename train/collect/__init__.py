"""Collects pictures for a training set: services and lists, polite and guarded downloads, and a record of origins."""
