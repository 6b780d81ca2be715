"""What the player sees and presses: bars, map, keys."""
