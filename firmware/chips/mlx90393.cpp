#include "firmware/chips/mlx90393.h"

#include "firmware/chips/mlx90393_registers.h"

namespace lodestone {

using namespace mlx90393;

namespace {

// µT a count at RES 0 and GAIN_SEL 7 with HALLCONF 0xC, and the factor of every GAIN_SEL (data
// sheet, table 17).
constexpr float kBaseUt[kAxes] = {0.150f, 0.150f, 0.242f};
constexpr float kGainFactor[8] = {5.0f, 4.0f, 3.0f, 2.5f, 2.0f, 1.667f, 1.333f, 1.0f};

// The thermometer: 45.2 counts a kelvin, TREF at 35 °C.
constexpr float kCountsPerKelvin = 45.2f;
constexpr float kTrefC = 35.0f;

constexpr uint16_t kScratchPattern = 0xA5C3;
constexpr int kHalfScale = 1 << 15;

float CountUt(const Mlx90393Settings& settings, int axis) {
  return kBaseUt[axis] * kGainFactor[settings.gain_sel] *
         static_cast<float>(1 << settings.resolution[axis]);
}

uint16_t Word(const uint8_t* bytes) { return static_cast<uint16_t>((bytes[0] << 8) | bytes[1]); }

uint16_t FilterRegister(const Mlx90393Settings& s) {
  return static_cast<uint16_t>(
      (s.temperature_oversampling << kOsr2Shift) | (s.resolution[0] << kResShift[0]) |
      (s.resolution[1] << kResShift[1]) | (s.resolution[2] << kResShift[2]) |
      (s.filter << kFilterShift) | (s.oversampling << kOsrShift));
}

}  // namespace

const char* CheckMlx90393(const Mlx90393Settings& s) {
  if (s.gain_sel > 7) return "gain_sel must be 0 to 7";
  if (s.oversampling > 3 || s.temperature_oversampling > 3) return "oversampling must be 0 to 3";
  if (s.filter > 7) return "filter must be 0 to 7";
  if (s.filter + s.oversampling < 2)
    return "oversampling + filter must be 2 or more (the chip fails below)";
  for (int axis = 0; axis < kAxes; ++axis) {
    if (s.resolution[axis] > 3) return "resolution must be 0 to 3";
    if (s.resolution[axis] < 2 && !s.allow_wrapping) {
      return "resolution 0 and 1 wrap round inside the range: use 2, or say allow_wrapping";
    }
  }
  return nullptr;
}

Mlx90393::Mlx90393(I2cBus& bus, Clock& clock, uint8_t address, const Mlx90393Settings& settings)
    : bus_(bus), clock_(clock), address_(address), settings_(settings) {
  registers_[kRegisterGain] = static_cast<uint16_t>((settings.gain_sel << kGainShift) | kHallConf);
  registers_[kRegisterMode] = 0;
  registers_[kRegisterFilter] = FilterRegister(settings);
}

void Mlx90393::Restart(bool reset) {
  step_ = reset ? Step::kExit : Step::kIdentify;
  has_previous_ = false;
  due_us_ = 0;
}

SensorOutcome Mlx90393::Next(Step step, uint32_t pause_us) {
  step_ = step;
  due_us_ = clock_.NowUs() + pause_us;
  return step == Step::kReady ? SensorOutcome::kDone : SensorOutcome::kPending;
}

SensorOutcome Mlx90393::Advance() {
  SensorOutcome outcome = SensorOutcome::kDone;
  SensorReading discarded;
  switch (step_) {
    case Step::kExit:  // leaves burst and wake mode, where registers cannot be reached
      outcome = Command(kCommandExit);
      return outcome == SensorOutcome::kDone ? Next(Step::kReset, kExitUs) : outcome;
    case Step::kReset:
      outcome = Command(kCommandReset);
      return outcome == SensorOutcome::kDone ? Next(Step::kIdentify, kResetUs) : outcome;
    case Step::kIdentify:
      outcome = Identify();
      return outcome == SensorOutcome::kDone ? Next(Step::kConfigure, 0) : outcome;
    case Step::kConfigure:
      outcome = Configure();
      return outcome == SensorOutcome::kDone ? Next(Step::kOffsets, 0) : outcome;
    case Step::kOffsets:
      outcome = ClearOffsets();
      return outcome == SensorOutcome::kDone ? Next(Step::kVerify, 0) : outcome;
    case Step::kVerify:
      outcome = Verify();
      return outcome == SensorOutcome::kDone ? Next(Step::kFirst, 0) : outcome;
    case Step::kFirst:  // the first measurement after a reset is not to be trusted, its thermometer
                        // is
      outcome = Start(true);
      if (outcome == SensorOutcome::kDone) step_ = Step::kDiscard;
      return outcome == SensorOutcome::kDone ? SensorOutcome::kPending : outcome;
    case Step::kDiscard:
      outcome = Read(&discarded);
      has_previous_ = false;
      return outcome == SensorOutcome::kDone ? Next(Step::kReady, 0) : outcome;
    case Step::kReady: break;
  }
  return SensorOutcome::kDone;
}

SensorOutcome Mlx90393::Exchange(const uint8_t* write, size_t write_bytes, uint8_t* answer,
                                 size_t answer_bytes) {
  switch (bus_.Transfer(address_, write, write_bytes, answer, answer_bytes)) {
    case I2cResult::kOk: status_ = answer[0]; return SensorOutcome::kDone;
    case I2cResult::kNak: return SensorOutcome::kAbsent;
    case I2cResult::kTimeout:
    case I2cResult::kStuck: break;
  }
  return SensorOutcome::kBusDown;
}

SensorOutcome Mlx90393::Command(uint8_t command) {
  uint8_t answer[1];
  return Exchange(&command, 1, answer, sizeof(answer));
}

SensorOutcome Mlx90393::ReadRegister(uint8_t index, uint16_t* value) {
  const uint8_t request[2] = {kCommandReadRegister, static_cast<uint8_t>(index << 2)};
  uint8_t answer[3];
  const SensorOutcome outcome = Exchange(request, sizeof(request), answer, sizeof(answer));
  if (outcome != SensorOutcome::kDone) return outcome;
  // A single measurement may still run: the one during which a brown-out was noticed.
  if ((status_ & (kStatusError | kStatusBurst | kStatusWake)) != 0) return SensorOutcome::kRejected;
  *value = Word(answer + 1);
  return SensorOutcome::kDone;
}

SensorOutcome Mlx90393::WriteRegister(uint8_t index, uint16_t value) {
  const uint8_t request[4] = {kCommandWriteRegister, static_cast<uint8_t>(value >> 8),
                              static_cast<uint8_t>(value & 0xFF), static_cast<uint8_t>(index << 2)};
  uint8_t answer[1];
  const SensorOutcome outcome = Exchange(request, sizeof(request), answer, sizeof(answer));
  if (outcome == SensorOutcome::kDone && (status_ & kStatusError) != 0)
    return SensorOutcome::kRejected;
  return outcome;
}

SensorOutcome Mlx90393::Identify() {
  uint16_t tref = 0;
  SensorOutcome outcome = ReadRegister(kRegisterTref, &tref);
  if (outcome != SensorOutcome::kDone) return outcome;
  if (tref == 0 || tref == 0xFFFF) return SensorOutcome::kRejected;
  outcome = WriteRegister(kRegisterScratch, kScratchPattern);
  if (outcome != SensorOutcome::kDone) return outcome;
  uint16_t scratch = 0;
  outcome = ReadRegister(kRegisterScratch, &scratch);
  if (outcome != SensorOutcome::kDone) return outcome;
  if (scratch != kScratchPattern) return SensorOutcome::kRejected;
  tref_ = tref;
  return SensorOutcome::kDone;
}

SensorOutcome Mlx90393::Configure() {
  SensorOutcome outcome = SensorOutcome::kDone;
  for (uint8_t index = 0; index < 3 && outcome == SensorOutcome::kDone; ++index) {
    outcome = WriteRegister(index, registers_[index]);
  }
  return outcome;
}

// A used chip may keep offsets in its memory, which shift what it shows and where it clips.
SensorOutcome Mlx90393::ClearOffsets() {
  SensorOutcome outcome = SensorOutcome::kDone;
  for (uint8_t axis = 0; axis < kAxes && outcome == SensorOutcome::kDone; ++axis) {
    outcome = WriteRegister(static_cast<uint8_t>(kRegisterOffset + axis), 0);
  }
  return outcome;
}

SensorOutcome Mlx90393::Verify() {
  for (uint8_t index = 0; index < 3; ++index) {
    uint16_t value = 0;
    const SensorOutcome outcome = ReadRegister(index, &value);
    if (outcome != SensorOutcome::kDone) return outcome;
    if ((status_ & kStatusReset) != 0) return SensorOutcome::kWasReset;
    if (value != registers_[index]) return SensorOutcome::kRejected;
  }
  return SensorOutcome::kDone;
}

SensorOutcome Mlx90393::Start(bool with_temperature) {
  const uint8_t select =
      static_cast<uint8_t>(with_temperature ? kSelectXyz | kSelectT : kSelectXyz);
  const SensorOutcome outcome = Command(static_cast<uint8_t>(kCommandStartSingle | select));
  if (outcome != SensorOutcome::kDone) return outcome;
  if ((status_ & kStatusReset) != 0) return SensorOutcome::kWasReset;
  if ((status_ & (kStatusError | kStatusSingle)) != kStatusSingle) return SensorOutcome::kRejected;
  with_temperature_ = with_temperature;
  due_us_ = clock_.NowUs() + ConversionUs();
  return SensorOutcome::kDone;
}

SensorOutcome Mlx90393::Read(SensorReading* reading) {
  const uint8_t select =
      static_cast<uint8_t>(with_temperature_ ? kSelectXyz | kSelectT : kSelectXyz);
  const uint8_t request = static_cast<uint8_t>(kCommandReadMeasurement | select);
  const size_t words = with_temperature_ ? 4 : 3;
  uint8_t answer[1 + 2 * 4];
  const SensorOutcome outcome = Exchange(&request, 1, answer, 1 + 2 * words);
  if (outcome != SensorOutcome::kDone) return outcome;
  if ((status_ & kStatusReset) != 0) return SensorOutcome::kWasReset;
  if ((status_ & (kStatusError | kStatusModes)) != 0) {
    due_us_ =
        clock_.NowUs() + ConversionUs() / 8;  // slow by up to an eighth a time: ask again then
    return SensorOutcome::kPending;
  }
  if ((status_ & kStatusDataMask) != words - 1) return SensorOutcome::kRejected;
  Decode(answer + 1, reading);
  return SensorOutcome::kDone;
}

void Mlx90393::Decode(const uint8_t* words, SensorReading* reading) {
  reading->flags = 0;
  if (with_temperature_) {
    temperature_c_ = kTrefC + static_cast<float>(Word(words) - tref_) / kCountsPerKelvin;
    words += 2;
  }
  for (int axis = 0; axis < kAxes; ++axis) {
    const int32_t count = DecodeAxis(axis, Word(words + 2 * axis), &reading->flags);
    reading->counts[axis] = count;
    reading->field_mt[axis] = static_cast<float>(count) * CountUt(settings_, axis) * 1e-3f;
  }
  has_previous_ = true;
}

// The chip holds 18-bit offset binary; RES says which 16 of these bits it sends. RES 2 and 3 send
// the top ones: zero field is 0x8000 or 0x4000, and rails are seen. RES 0 and 1 send a window that
// wraps.
int32_t Mlx90393::DecodeAxis(int axis, uint16_t word, uint32_t* flags) {
  const uint8_t resolution = settings_.resolution[axis];
  if (resolution < 2) {
    const int32_t count = static_cast<int16_t>(word);
    const int32_t jump = count - previous_[axis];
    if (has_previous_ && (jump > kHalfScale || jump < -kHalfScale)) *flags |= kSensorWrapped;
    previous_[axis] = count;
    return count;
  }
  const uint16_t top = resolution == 2 ? 0xFFFF : 0x7FFF;
  if (word == 0 || word >= top)
    *flags |= kSensorSaturated | (static_cast<uint32_t>(kSensorSaturatedX) << axis);
  return static_cast<int32_t>(word) - (resolution == 2 ? 0x8000 : 0x4000);
}

uint32_t Mlx90393::ConversionUs() const {
  const uint32_t field = mlx90393::ConversionUs(settings_.oversampling, settings_.filter);
  return with_temperature_ ? field + TemperatureUs(settings_.temperature_oversampling) : field;
}

float Mlx90393::FullScaleMt(int axis) const {
  const int bits = settings_.resolution[axis] < 2 ? 15 : 17 - settings_.resolution[axis];
  return static_cast<float>(1 << bits) * CountUt(settings_, axis) * 1e-3f;
}

}  // namespace lodestone
