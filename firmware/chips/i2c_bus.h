// The only thing a chip driver knows of the world besides a clock: one I2C bus.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lodestone {

enum class I2cResult : uint8_t {
  kOk,
  kNak,      // nobody acknowledged the address, or a byte was refused
  kTimeout,  // the bus or the adapter did not finish in time
  kStuck,    // SDA or SCL is held low: Recover() is needed
};

class I2cBus {
 public:
  virtual ~I2cBus() {}

  // Writes, then reads after a repeated start. Either part may be empty; with both empty only the
  // address is probed. `address` is the 7-bit address. On any result but kOk the contents of `read`
  // are unspecified. Threads: one at a time, never the audio thread.
  virtual I2cResult Transfer(uint8_t address, const uint8_t* write, size_t write_bytes,
                             uint8_t* read, size_t read_bytes) = 0;

  // Frees a stuck bus: nine clocks and a stop where the platform can, else a re-opened device.
  // True when the bus is free afterwards.
  virtual bool Recover() = 0;
};

}  // namespace lodestone
