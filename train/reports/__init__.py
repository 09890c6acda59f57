"""Figures, tables, plots, model cards and HTML reports."""
