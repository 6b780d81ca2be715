"""The steps in front of the player: what is recorded, what is refused, what may be skipped."""
