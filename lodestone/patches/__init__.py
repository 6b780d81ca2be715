"""Patches for programs that play a board's OSC, written for a voice."""
