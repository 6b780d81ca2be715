"""Voices with 8-bit weights."""

from model_export.quantise.quantise import MODES, Quantised, Report, quantise

__all__ = ["MODES", "Quantised", "Report", "quantise"]
