// How fast an I2C bus is, as the board's device tree has it.
#pragma once

#include <cstdint>
#include <string>

namespace lodestone {

// Of /dev/i2c-N, in Hz; 0 where the kernel does not tell. `root` is put before /sys. Not for real
// time.
uint32_t BusSpeedHz(const std::string& device, const std::string& root = "");

}  // namespace lodestone
