"""Kills before every file operation: the preloaded counter, what is killed, and what must be left."""
