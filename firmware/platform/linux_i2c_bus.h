// A Linux I2C adapter (/dev/i2c-N) as an I2cBus, with a repeated start between write and read.
#pragma once

#include <atomic>

#include "firmware/chips/i2c_bus.h"

namespace lodestone {

// The system calls that the bus makes; a test hands in its own.
struct I2cSystem {
  int (*open)(const char* path);
  int (*ioctl)(int file, unsigned long request, void* argument);
  void (*close)(int file);
};
I2cSystem LinuxI2cSystem();

class LinuxI2cBus : public I2cBus {
 public:
  static constexpr int kMaxPath = 64;

  // `path` is copied. Nothing is opened yet.
  explicit LinuxI2cBus(const char* path, const I2cSystem& system = LinuxI2cSystem());
  ~LinuxI2cBus() override;

  LinuxI2cBus(const LinuxI2cBus&) = delete;
  LinuxI2cBus& operator=(const LinuxI2cBus&) = delete;

  // Null when the bus is open, else what is wrong and what to do, in one line.
  const char* Open();
  // What the last Open() said, or empty. Threads: any.
  const char* trouble() const { return trouble_.load(std::memory_order_relaxed); }

  I2cResult Transfer(uint8_t address, const uint8_t* write, size_t write_bytes, uint8_t* read,
                     size_t read_bytes) override;

  // Linux gives no clock pulses to a program: the adapter's driver clears the bus by itself where
  // it can, after a transfer that timed out. We close and open the device again; whether that
  // helped the next transfer tells.
  bool Recover() override;

 private:
  char path_[kMaxPath];
  const I2cSystem system_;
  int file_ = -1;
  std::atomic<const char*> trouble_;

  const char* TryOpen();
};

}  // namespace lodestone
