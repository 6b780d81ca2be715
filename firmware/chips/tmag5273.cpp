#include "firmware/chips/tmag5273.h"

namespace lodestone {

namespace {

constexpr uint8_t kDeviceConfig1 = 0x00;      // 4:2 averaging
constexpr uint8_t kTemperatureConfig = 0x07;  // 0 enable
constexpr uint8_t kDeviceId = 0x0D;  // 1:0 = 2: x2; the maker's number follows, low byte first
constexpr uint8_t kResults = 0x10;   // T, X, Y, Z, two bytes each, high byte first
constexpr uint8_t kConversionStatus = 0x18;
constexpr uint8_t kDeviceStatus = 0x1C;  // errors, latched: a 1 clears them
constexpr uint8_t kVersionMask = 0x03;
constexpr uint8_t kVersionTwice = 0x02;
constexpr uint8_t kMakerLow = 0x49;
constexpr uint8_t kMakerHigh = 0x54;

constexpr int kAveragingShift = 2;
constexpr uint8_t kLowNoise = 1u << 4;
constexpr uint8_t kContinuous = 2;
static_assert((kLowNoise & 0x3) == 0, "fields of register 1 overlap");
constexpr uint8_t kChannelsXyz = 7u << 4;
constexpr uint8_t kWideXy = 1u << 1;
constexpr uint8_t kWideZ = 1u << 0;
constexpr uint8_t kTemperatureOn = 1;

constexpr uint8_t kResultNew = 1u << 0;     // since the last one was read
constexpr uint8_t kDiagnosis = 1u << 1;     // supply, memory, clock: the results cannot be trusted
constexpr uint8_t kPowerOnReset = 1u << 4;  // a 1 clears it
static_assert((kResultNew & kDiagnosis) == 0 && ((kResultNew | kDiagnosis) & kPowerOnReset) == 0,
              "bits of register 18 overlap");
constexpr uint8_t kAllErrors = 0x0F;

constexpr float kNarrowMt = 40.0f;
constexpr float kNarrowTwiceMt = 133.0f;
constexpr float kCountsPerRange = 32768.0f;
constexpr float kT0Counts = 17508.0f;
constexpr float kT0C = 25.0f;
constexpr float kCountsPerKelvin = 60.1f;

// A channel takes 25 µs, and each result 25 µs more, typically; the chip's clock may be a fifth
// slow.
constexpr uint32_t kChannelUs = 30;
constexpr uint32_t kChannels = 4;

// So often the four configuration registers are read back: a bit that flipped in one of them is
// told by nothing else.
constexpr int kReadsPerCheck = 20;

int16_t Word(const uint8_t* bytes) { return static_cast<int16_t>((bytes[0] << 8) | bytes[1]); }

}  // namespace

const char* CheckTmag5273(const Tmag5273Settings& settings) {
  return settings.averaging <= 5 ? nullptr : "averaging must be 0 to 5";
}

Tmag5273::Tmag5273(I2cBus& bus, Clock& clock, uint8_t address, const Tmag5273Settings& settings)
    : bus_(bus), clock_(clock), address_(address), settings_(settings) {
  registers_[0] = static_cast<uint8_t>(settings.averaging << kAveragingShift);
  registers_[1] = kLowNoise | kContinuous;
  registers_[2] = kChannelsXyz;
  registers_[3] = settings.wide_range ? kWideXy | kWideZ : 0;
}

void Tmag5273::Restart(bool) {
  step_ = Step::kIdentify;
  due_us_ = 0;
}

SensorOutcome Tmag5273::Next(Step step) {
  step_ = step;
  return step == Step::kReady ? SensorOutcome::kDone : SensorOutcome::kPending;
}

SensorOutcome Tmag5273::Advance() {
  SensorOutcome outcome = SensorOutcome::kDone;
  switch (step_) {
    case Step::kIdentify:
      outcome = Identify();
      return outcome == SensorOutcome::kDone ? Next(Step::kConfigure) : outcome;
    case Step::kConfigure:
      outcome = Configure();
      if (outcome == SensorOutcome::kDone) due_us_ = clock_.NowUs() + 2 * ConversionUs();
      return outcome == SensorOutcome::kDone ? Next(Step::kVerify) : outcome;
    case Step::kVerify:
      outcome = Verify();
      return outcome == SensorOutcome::kDone ? Next(Step::kReady) : outcome;
    case Step::kReady: break;
  }
  return SensorOutcome::kDone;
}

SensorOutcome Tmag5273::WriteRegister(uint8_t index, uint8_t value) {
  const uint8_t request[2] = {index, value};
  switch (bus_.Transfer(address_, request, sizeof(request), nullptr, 0)) {
    case I2cResult::kOk: return SensorOutcome::kDone;
    case I2cResult::kNak: return SensorOutcome::kAbsent;
    default: return SensorOutcome::kBusDown;
  }
}

SensorOutcome Tmag5273::ReadRegisters(uint8_t index, uint8_t* values, size_t count) {
  switch (bus_.Transfer(address_, &index, 1, values, count)) {
    case I2cResult::kOk: return SensorOutcome::kDone;
    case I2cResult::kNak: return SensorOutcome::kAbsent;
    default: return SensorOutcome::kBusDown;
  }
}

SensorOutcome Tmag5273::Identify() {
  uint8_t values[3];
  SensorOutcome outcome = ReadRegisters(kDeviceId, values, sizeof(values));
  if (outcome != SensorOutcome::kDone) return outcome;
  if (values[1] != kMakerLow || values[2] != kMakerHigh) return SensorOutcome::kRejected;
  twice_ = (values[0] & kVersionMask) == kVersionTwice;
  outcome = WriteRegister(kDeviceStatus, kAllErrors);
  if (outcome == SensorOutcome::kDone) outcome = WriteRegister(kConversionStatus, kPowerOnReset);
  if (outcome != SensorOutcome::kDone) return outcome;
  return WriteRegister(kTemperatureConfig, kTemperatureOn);
}

SensorOutcome Tmag5273::ReadStatus(uint8_t* status) {
  const SensorOutcome outcome = ReadRegisters(kConversionStatus, status, 1);
  if (outcome != SensorOutcome::kDone) return outcome;
  if ((*status & kPowerOnReset) != 0) return SensorOutcome::kWasReset;
  return (*status & kDiagnosis) != 0 ? SensorOutcome::kRejected : SensorOutcome::kDone;
}

// The mode comes last but for the range: the other registers are in force when conversion begins.
SensorOutcome Tmag5273::Configure() {
  constexpr uint8_t kOrder[kConfiguration] = {0, 2, 3, 1};
  SensorOutcome outcome = SensorOutcome::kDone;
  for (int i = 0; i < kConfiguration && outcome == SensorOutcome::kDone; ++i) {
    outcome = WriteRegister(kOrder[i], registers_[kOrder[i]]);
  }
  return outcome;
}

SensorOutcome Tmag5273::Verify() {
  uint8_t values[kConfiguration];
  const SensorOutcome outcome = ReadRegisters(kDeviceConfig1, values, sizeof(values));
  if (outcome != SensorOutcome::kDone) return outcome;
  reads_to_check_ = kReadsPerCheck;
  for (int i = 0; i < kConfiguration; ++i) {
    if (values[i] != registers_[i]) return SensorOutcome::kRejected;
  }
  uint8_t status = 0;
  return ReadStatus(&status);
}

SensorOutcome Tmag5273::Start(bool) {
  due_us_ = clock_.NowUs() + ConversionUs();
  if (--reads_to_check_ > 0) return SensorOutcome::kDone;
  const SensorOutcome outcome = Verify();
  return outcome == SensorOutcome::kRejected ? SensorOutcome::kWasReset : outcome;
}

SensorOutcome Tmag5273::Read(SensorReading* reading) {
  uint8_t status = 0;
  SensorOutcome outcome = ReadStatus(&status);
  if (outcome != SensorOutcome::kDone) return outcome;
  if ((status & kResultNew) == 0) {
    due_us_ = clock_.NowUs() + ConversionUs() / 8;  // slow, or just begun: ask again then
    return SensorOutcome::kPending;
  }
  uint8_t values[2 * kChannels];
  outcome = ReadRegisters(kResults, values, sizeof(values));
  if (outcome != SensorOutcome::kDone) return outcome;
  // A word of 0 would be −266 °C: nothing was converted, the chip stands by after a reset of its
  // own.
  if (Word(values) == 0) return SensorOutcome::kWasReset;
  temperature_c_ = kT0C + (static_cast<float>(Word(values)) - kT0Counts) / kCountsPerKelvin;
  reading->flags = 0;
  for (int axis = 0; axis < kAxes; ++axis) {
    const int16_t count = Word(values + 2 + 2 * axis);
    // Twelve bits are meant, so that the top code may be 0x7FF0.
    if (count >= 0x7FF0 || count == INT16_MIN) {
      reading->flags |= kSensorSaturated | (static_cast<uint32_t>(kSensorSaturatedX) << axis);
    }
    reading->counts[axis] = count;
    reading->field_mt[axis] = static_cast<float>(count) / kCountsPerRange * FullScaleMt(axis);
  }
  return SensorOutcome::kDone;
}

uint32_t Tmag5273::ConversionUs() const {
  return kChannelUs * (1 + (kChannels << settings_.averaging));
}

float Tmag5273::FullScaleMt(int) const {
  return (twice_ ? kNarrowTwiceMt : kNarrowMt) * (settings_.wide_range ? 2.0f : 1.0f);
}

}  // namespace lodestone
