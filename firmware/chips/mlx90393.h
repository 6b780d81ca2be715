// Driver of the Melexis MLX90393 magnetometer over I2C: single measurements, all gains,
// resolutions, filters.
//
// The recommended setting (the default) reads ±49 mT in x and y and ±79 mT in z, 1.5 and 2.42 µT a
// count, in 3.32 ms at most. No heap, no waiting: see FieldSensor.
#pragma once

#include "firmware/chips/clock.h"
#include "firmware/chips/field_sensor.h"
#include "firmware/chips/i2c_bus.h"
#include "firmware/generated/chips.h"

namespace lodestone {

// Null where the setting can be used, else why not.
const char* CheckMlx90393(const Mlx90393Settings& settings);

class Mlx90393 : public FieldSensor {
 public:
  // `settings` must pass CheckMlx90393().
  Mlx90393(I2cBus& bus, Clock& clock, uint8_t address, const Mlx90393Settings& settings);

  void Restart(bool reset) override;
  SensorOutcome Advance() override;
  SensorOutcome Start(bool with_temperature) override;
  SensorOutcome Read(SensorReading* reading) override;
  uint64_t DueUs() const override { return due_us_; }
  uint32_t ConversionUs() const override;
  uint16_t Identity() const override { return tref_; }
  float TemperatureC() const override { return temperature_c_; }
  float FullScaleMt(int axis) const override;

  // The status byte of the last answer.
  uint8_t Status() const { return status_; }

 private:
  enum class Step : uint8_t {
    kExit,
    kReset,
    kIdentify,
    kConfigure,
    kOffsets,
    kVerify,
    kFirst,
    kDiscard,
    kReady
  };

  SensorOutcome Exchange(const uint8_t* write, size_t write_bytes, uint8_t* answer,
                         size_t answer_bytes);
  SensorOutcome Command(uint8_t command);
  SensorOutcome ReadRegister(uint8_t index, uint16_t* value);
  SensorOutcome WriteRegister(uint8_t index, uint16_t value);
  SensorOutcome Identify();
  SensorOutcome Configure();
  SensorOutcome ClearOffsets();
  SensorOutcome Verify();
  SensorOutcome Next(Step step, uint32_t pause_us);
  void Decode(const uint8_t* words, SensorReading* reading);
  int32_t DecodeAxis(int axis, uint16_t word, uint32_t* flags);

  I2cBus& bus_;
  Clock& clock_;
  const uint8_t address_;
  const Mlx90393Settings settings_;
  uint16_t registers_[3];  // what registers 0 to 2 must hold
  Step step_ = Step::kExit;
  bool with_temperature_ = false;
  bool has_previous_ = false;
  uint8_t status_ = 0;
  uint16_t tref_ = 0;
  float temperature_c_ = 25.0f;
  uint64_t due_us_ = 0;
  int32_t previous_[kAxes] = {0, 0, 0};
};

}  // namespace lodestone
