// Driver of the Texas Instruments TMAG5273 Hall sensor over I2C: wide range, coarse counts,
// continuous conversion.
//
// The chip converts without being asked; Start() only notes the time after which a conversion is
// should be there; the chip's status says whether it is new. Four variants with their own addresses
// (A 0x35, B 0x22, C 0x78, D 0x44) share a bus. No heap, no waiting.
#pragma once

#include "firmware/chips/clock.h"
#include "firmware/chips/field_sensor.h"
#include "firmware/chips/i2c_bus.h"
#include "firmware/generated/chips.h"

namespace lodestone {

// Null where the setting can be used, else why not.
const char* CheckTmag5273(const Tmag5273Settings& settings);

class Tmag5273 : public FieldSensor {
 public:
  // `settings` must pass CheckTmag5273().
  Tmag5273(I2cBus& bus, Clock& clock, uint8_t address, const Tmag5273Settings& settings);

  void Restart(bool reset) override;
  SensorOutcome Advance() override;
  SensorOutcome Start(bool with_temperature) override;
  SensorOutcome Read(SensorReading* reading) override;
  uint64_t DueUs() const override { return due_us_; }
  uint32_t ConversionUs() const override;
  uint16_t Identity() const override { return 0; }
  float TemperatureC() const override { return temperature_c_; }
  float FullScaleMt(int axis) const override;

 private:
  enum class Step : uint8_t { kIdentify, kConfigure, kVerify, kReady };
  static constexpr int kConfiguration = 4;  // registers 0 to 3

  SensorOutcome WriteRegister(uint8_t index, uint8_t value);
  SensorOutcome ReadRegisters(uint8_t index, uint8_t* values, size_t count);
  SensorOutcome ReadStatus(uint8_t* status);
  SensorOutcome Identify();
  SensorOutcome Configure();
  SensorOutcome Verify();
  SensorOutcome Next(Step step);

  I2cBus& bus_;
  Clock& clock_;
  const uint8_t address_;
  const Tmag5273Settings settings_;
  uint8_t registers_[kConfiguration];
  Step step_ = Step::kIdentify;
  bool twice_ = false;      // the x2 variant
  int reads_to_check_ = 0;  // the configuration is read back now and then
  uint64_t due_us_ = 0;
  float temperature_c_ = 25.0f;
};

}  // namespace lodestone
