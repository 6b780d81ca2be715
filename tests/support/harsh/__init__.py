"""Calibration tried without kindness: boards, hands and faults that it was not made with."""
