"""The simulated board with the real firmware, alive: paced by the clock, with UDP, sound and hands."""
