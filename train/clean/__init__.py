"""Cleaning of picture sets: faults are found and recorded with a reason and a score; nothing is deleted."""
