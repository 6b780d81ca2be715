"""The promises of calibration, measured on random simulated boards."""
