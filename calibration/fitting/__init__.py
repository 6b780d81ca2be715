"""From recordings to numbers: offsets, reach, tilt, known spots, wiring, where a magnet lies."""
