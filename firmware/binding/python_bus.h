// A Python bus and a Python clock as the drivers see them.
#pragma once

#include <nanobind/nanobind.h>

#include "firmware/chips/clock.h"
#include "firmware/chips/i2c_bus.h"

namespace lodestone {

// Calls `transfer(address, write, read_bytes) -> bytes` and `recover() -> bool` of a Python object.
// BusNak, BusTimeout and BusStuck become results; any other Python exception passes through the
// driver to the caller.
class PythonBus : public I2cBus {
 public:
  explicit PythonBus(nanobind::object bus)
      : bus_(std::move(bus)), transfer_(bus_.attr("transfer")) {}

  I2cResult Transfer(uint8_t address, const uint8_t* write, size_t write_bytes, uint8_t* read,
                     size_t read_bytes) override;
  bool Recover() override { return nanobind::cast<bool>(bus_.attr("recover")()); }

 private:
  nanobind::object bus_;
  nanobind::object transfer_;
};

// Calls `now_us() -> int` and `sleep_until_us(int)` of a Python object.
class PythonClock : public Clock {
 public:
  explicit PythonClock(nanobind::object clock)
      : clock_(std::move(clock)),
        now_us_(clock_.attr("now_us")),
        sleep_until_us_(clock_.attr("sleep_until_us")) {}

  uint64_t NowUs() override { return nanobind::cast<uint64_t>(now_us_()); }
  void SleepUntilUs(uint64_t time_us) override { sleep_until_us_(time_us); }

 private:
  nanobind::object clock_;
  nanobind::object now_us_;
  nanobind::object sleep_until_us_;
};

// The exception types of the module, set once by BindChips().
struct BusExceptions {
  nanobind::handle nak;
  nanobind::handle timeout;
  nanobind::handle stuck;
};
BusExceptions& ModuleBusExceptions();

}  // namespace lodestone
