"""Lodestone: the command line, the player's settings, host synthesis and access to the board."""
