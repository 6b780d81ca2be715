"""Ways to real sensors: Linux I2C, a microcontroller on a serial line, a board that sends OSC."""
