"""Figures, the verdict in words, and the report card."""
