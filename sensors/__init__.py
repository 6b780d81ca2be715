"""Buses, chips, magnets, gestures and recordings: everything that yields field frames."""
