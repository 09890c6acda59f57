"""Data sets: importers, packed files and the splits that trainings use."""
