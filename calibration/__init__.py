"""Calibration: capture, fit, report, file, and the calibrated-touch stage of the touch graph."""
