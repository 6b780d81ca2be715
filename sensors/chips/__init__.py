"""Register-level models of the sensor chips: what a driver sees of them through an I2C bus."""
