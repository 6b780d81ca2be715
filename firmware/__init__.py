"""The firmware's C++ from Python: the same engine, drivers and OSC codec that run on the board."""
