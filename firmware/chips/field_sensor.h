// What the sensor array asks of a chip driver, whatever the chip: be brought up step by step,
// start, be read.
//
// Every call is bounded: it does at most four bus transfers, never waits and never allocates.
// Waiting is the caller's, by DueUs(). Threads: the touch thread only.
#pragma once

#include <cstdint>

#include "firmware/chips/field_frame.h"

namespace lodestone {

enum class SensorOutcome : uint8_t {
  kDone,      // the call did all of its work
  kPending,   // call again, no earlier than DueUs()
  kAbsent,    // nobody acknowledges the address
  kRejected,  // something answers, but not as this chip answers
  kWasReset,  // the chip has reset by itself: its registers must be written again
  kBusDown,   // the bus itself fails: I2cBus::Recover() is needed
};

// One conversion of one chip, in the chip's own axes.
struct SensorReading {
  int32_t counts[kAxes];  // signed counts about zero field
  float field_mt[kAxes];
  uint32_t flags;  // SensorFlag bits: saturated, wrapped
};

class FieldSensor {
 public:
  virtual ~FieldSensor() {}

  // Forgets the state of the chip. With `reset` the bring-up resets the chip first; without, it
  // only checks and writes the registers (after a brown-out the chip has reset itself).
  virtual void Restart(bool reset) = 0;

  // One step of the bring-up; kDone once the chip is ready for Start(). Not before DueUs().
  virtual SensorOutcome Advance() = 0;

  // Starts one conversion of all axes, and of the temperature where asked.
  virtual SensorOutcome Start(bool with_temperature) = 0;

  // Reads the conversion; kPending while the chip says that it is not ready.
  virtual SensorOutcome Read(SensorReading* reading) = 0;

  // When the next Advance() or Read() makes sense, on the injected clock.
  virtual uint64_t DueUs() const = 0;

  // The longest time that a started conversion takes by the data sheet.
  virtual uint32_t ConversionUs() const = 0;

  // A number that differs from chip to chip where the chip has one (a weak serial), else 0.
  virtual uint16_t Identity() const = 0;

  // The last reading of the chip's thermometer, in °C.
  virtual float TemperatureC() const = 0;

  // The field in mT at which axis `axis` (chip axes) reaches its rail.
  virtual float FullScaleMt(int axis) const = 0;
};

}  // namespace lodestone
