#include "firmware/chips/sensor_array.h"

namespace lodestone {

namespace {

constexpr uint64_t kRetryUs =
    50000;  // between attempts on an absent sensor, and on a bus that is down
constexpr uint64_t kBlameUs =
    500000;  // before a sensor is asked that failed the bus twice; doubled each time more
constexpr int kMostDoublings = 6;  // to 32 s: a cable that is mended is found again within that
constexpr float kAheadOn = 0.98f, kAheadOff = 0.9f;  // of the period
constexpr uint32_t kMeanOf = 16;
constexpr int kRefusals = 3;  // so many rejected answers in a row lead to a full reset
constexpr int kReadAttempts =
    4;  // conversions up to 3/8 longer than the data sheet says are waited for
constexpr uint32_t kUsPerSecond = 1000000;

uint32_t PeriodUs(const SensorArraySettings& settings) {
  return static_cast<uint32_t>(static_cast<float>(kUsPerSecond) / settings.frame_rate_hz + 0.5f);
}

const char* CheckAxes(const int8_t axes[kAxes]) {
  int seen = 0;
  for (int axis = 0; axis < kAxes; ++axis) {
    const int source = axes[axis] < 0 ? -axes[axis] : axes[axis];
    if (source < 1 || source > kAxes)
      return "axes must be 1, 2 or 3, with a minus where turned round";
    seen |= 1 << source;
  }
  return seen == 0xE ? nullptr : "axes must name each of 1, 2 and 3 once";
}

}  // namespace

const char* CheckSensorArray(const SensorArraySettings& settings) {
  for (int i = 0; i < kSensors; ++i) {
    const SensorSettings& sensor = settings.sensor[i];
    if (sensor.address < 0x08 || sensor.address > 0x7B)
      return "a sensor's address must be 0x08 to 0x7B";
    for (int j = 0; j < i; ++j) {
      if (settings.sensor[j].address == sensor.address) return "two sensors have the same address";
    }
    const char* wrong = CheckAxes(sensor.axes);
    if (wrong == nullptr) wrong = CheckChip(sensor.chip, sensor);
    if (wrong != nullptr) return wrong;
  }
  if (!(settings.frame_rate_hz >= 1.0f && settings.frame_rate_hz <= 1000.0f)) {
    return "frame_rate_hz must be 1 to 1000";
  }
  if (settings.temperature_frames < kSensors) return "temperature_frames must be 4 or more";
  return settings.outlier_mt > 0.0f ? nullptr : "outlier_mt must be positive";
}

SensorArray::Slot::Slot(I2cBus& bus, Clock& clock, const SensorSettings& sensor, float outlier_mt)
    : settings(sensor),
      drivers(bus, clock, sensor.address, sensor),
      driver(drivers.Of(sensor.chip)),
      outlier(outlier_mt),
      health() {
  driver.Restart(true);
}

SensorArray::SensorArray(I2cBus& bus, Clock& clock, const SensorArraySettings& settings)
    : bus_(bus),
      clock_(clock),
      settings_(settings),
      slots_{{bus, clock, settings.sensor[0], settings.outlier_mt},
             {bus, clock, settings.sensor[1], settings.outlier_mt},
             {bus, clock, settings.sensor[2], settings.outlier_mt},
             {bus, clock, settings.sensor[3], settings.outlier_mt}},
      stats_() {
  static_assert(kSensors == 4, "the slots are written out for four sensors");
}

void SensorArray::Tick(FieldFrame* frame) {
  const uint64_t begun_us = clock_.NowUs();
  const uint64_t stalled_us =
      stalled_us_;  // a bus that hangs in this frame has taken no time when it begins
  CountFrame(begun_us);
  if (bus_down_) FreeBus(begun_us);
  for (Slot& slot : slots_) BeginFrame(slot);
  for (int i = 0; i < kSensors; ++i) {
    if (slots_[i].started || !Start(i)) continue;
    slots_[i].started = true;
    slots_[i].started_us = clock_.NowUs();
  }
  for (Slot& slot : slots_) {
    if (!slot.health.running) BringUp(slot);
  }
  for (int i = 0; i < kSensors; ++i) {
    ReadSensor(slots_[i]);
    if (ahead_) StartAhead(i);
  }
  Fill(frame, begun_us - stalled_us);
  const uint32_t spent = static_cast<uint32_t>(clock_.NowUs() - begun_us);
  if (spent > stats_.longest_us) stats_.longest_us = spent;
}

void SensorArray::CountFrame(uint64_t now_us) {
  const uint32_t period = PeriodUs(settings_);
  if (stats_.frames > 0) {
    const uint64_t passed = now_us - begun_us_;
    const uint64_t deviation = passed > period ? passed - period : period - passed;
    if (deviation > stats_.jitter_us) stats_.jitter_us = static_cast<uint32_t>(deviation);
    if (passed > period && deviation > period / 10) ++stats_.late;
    if (passed > period) stats_.gaps += static_cast<uint32_t>((passed + period / 2) / period - 1);
  }
  begun_us_ = now_us;
  ++stats_.frames;
}

void SensorArray::FreeBus(uint64_t now_us) {
  if (now_us < next_recovery_us_) return;
  next_recovery_us_ = now_us + kRetryUs;
  if (!bus_.Recover()) return;
  ++stats_.bus_recoveries;
  bus_down_ = false;  // a bus clear resets no chip: those that ran go on, and their status tells if
                      // they cannot
}

// A conversion that was started ahead is this frame's now, unless its sensor has been lost since.
void SensorArray::BeginFrame(Slot& slot) {
  slot.started = slot.ahead && slot.health.running && !bus_down_;
  if (slot.started) slot.started_us = slot.ahead_us;
  slot.ahead = slot.good = false;
  slot.flags = 0;
}

bool SensorArray::Start(int sensor) {
  Slot& slot = slots_[sensor];
  if (!slot.health.running || bus_down_) return false;
  // The thermometers take turns, so that no frame waits for more than one of them.
  const uint32_t turn = settings_.temperature_frames / kSensors * static_cast<uint32_t>(sensor);
  const bool with_temperature = stats_.frames % settings_.temperature_frames == turn;
  const uint64_t before_us = clock_.NowUs();
  const SensorOutcome outcome = slot.driver.Start(with_temperature);
  if (outcome != SensorOutcome::kDone) {
    Fail(slot, outcome);
    if (outcome == SensorOutcome::kBusDown) Stall(before_us);
    return false;
  }
  Average(&start_us_, before_us);
  return true;
}

void SensorArray::StartAhead(int sensor) {
  Slot& slot = slots_[sensor];
  if (!slot.health.running) return;
  slot.ahead = Start(sensor);
  slot.ahead_us = clock_.NowUs();
}

void SensorArray::Average(uint32_t* mean_us, uint64_t since_us) {
  const uint32_t took_us = static_cast<uint32_t>(clock_.NowUs() - since_us);
  *mean_us = *mean_us == 0 ? took_us : (*mean_us * (kMeanOf - 1) + took_us + kMeanOf / 2) / kMeanOf;
}

// A bus that hangs for one sensor's sake takes the time of all. It is held against the others only
// when none of them could be read since the last time: then it is the bus that is down.
void SensorArray::Stall(uint64_t since_us) {
  if (good_since_stall_) stalled_us_ += clock_.NowUs() - since_us;
  good_since_stall_ = false;
}

void SensorArray::Plan(uint32_t software_us) {
  uint32_t conversion_us = UINT32_MAX;  // one with a thermometer takes longer: those take turns
  for (const Slot& slot : slots_)
    conversion_us =
        slot.driver.ConversionUs() < conversion_us ? slot.driver.ConversionUs() : conversion_us;
  const uint32_t starts_us = (kSensors - 1) * start_us_;  // the first sensor converts meanwhile
  const uint32_t wait_us = conversion_us > starts_us ? conversion_us - starts_us : 0;
  const float frame_us =
      static_cast<float>(kSensors * (start_us_ + read_us_) + wait_us + software_us);
  const float period_us = static_cast<float>(PeriodUs(settings_));
  if (frame_us > kAheadOn * period_us) ahead_ = true;
  if (frame_us < kAheadOff * period_us) ahead_ = false;
}

void SensorArray::BringUp(Slot& slot) {
  const uint64_t now_us = clock_.NowUs();
  if (bus_down_ || now_us < slot.retry_us || now_us < slot.driver.DueUs()) return;
  const SensorOutcome outcome = slot.driver.Advance();
  if (outcome == SensorOutcome::kPending) return;
  if (outcome == SensorOutcome::kBusDown) Stall(now_us);
  if (outcome != SensorOutcome::kDone) return Fail(slot, outcome);
  slot.health.running = true;
  slot.health.identity = slot.driver.Identity();
  ++slot.health.bring_ups;
  slot.failures = 0;
  slot.outlier.Clear();
  const uint16_t expected = slot.settings.identity;
  slot.wrong = expected != 0 && expected != slot.health.identity;
}

void SensorArray::ReadSensor(Slot& slot) {
  if (bus_down_) slot.started = false;
  if (!slot.started) return;
  SensorReading reading;
  SensorOutcome outcome = SensorOutcome::kPending;
  for (int attempt = 0; attempt < kReadAttempts && outcome == SensorOutcome::kPending; ++attempt) {
    clock_.SleepUntilUs(slot.driver.DueUs());
    const uint64_t before_us = clock_.NowUs();
    outcome = slot.driver.Read(&reading);
    if (outcome == SensorOutcome::kPending) ++slot.health.not_ready;
    if (outcome == SensorOutcome::kDone) Average(&read_us_, before_us);
    if (outcome == SensorOutcome::kBusDown) Stall(before_us);
  }
  if (outcome != SensorOutcome::kDone) return Fail(slot, outcome);
  Accept(slot, reading);
}

void SensorArray::Accept(Slot& slot, const SensorReading& reading) {
  slot.flags |= reading.flags;
  if ((reading.flags & kSensorSaturated) != 0) ++slot.health.saturated;
  if ((reading.flags & kSensorWrapped) != 0) ++slot.health.wrapped;
  if (slot.frozen && slot.freeze.Moved(reading)) slot.frozen = false;
  if (slot.freeze.Update(
          reading)) {  // a reset may help; until the words move the sensor counts as lost
    ++slot.health.freezes;
    slot.frozen = true;
    slot.health.running = false;
    slot.driver.Restart(true);
  }
  if (slot.frozen) return;
  float field_mt[kAxes];
  for (int axis = 0; axis < kAxes; ++axis) {
    const int8_t source = slot.settings.axes[axis];
    field_mt[axis] = source > 0 ? reading.field_mt[source - 1] : -reading.field_mt[-source - 1];
  }
  for (int axis = 0; axis < kAxes; ++axis) slot.counts[axis] = reading.counts[axis];
  if (!slot.outlier.Pass(field_mt)) {
    ++slot.health.outliers;
    if (++slot.failures < kRefusals) return;
    slot.health.running = false;  // leaps in a row are no magnet: ask who is there
    slot.driver.Restart(false);
    return;
  }
  slot.failures = 0;
  slot.good = good_since_stall_ = true;
  slot.strikes = 0;
  ++slot.health.good;
  slot.glide.Good(slot.started_us, field_mt);
}

void SensorArray::Fail(Slot& slot, SensorOutcome outcome) {
  slot.started = false;
  switch (outcome) {
    case SensorOutcome::kBusDown: return BlameForBus(slot);
    case SensorOutcome::kWasReset:
      ++slot.health.resets;
      slot.flags |= kSensorReset;
      slot.health.running = false;
      slot.driver.Restart(false);
      return;
    case SensorOutcome::kAbsent:
      ++slot.health.naks;
      slot.wrong = false;
      break;
    default:
      ++slot.health.rejected;
      slot.wrong = slot.wrong || !slot.health.running;
      break;
  }
  ++slot.failures;
  // A single strange answer costs a frame, not a reset; and a chip that starts up by itself is deaf
  // for 1.6 ms, then says so.
  const bool patient = slot.health.running || outcome == SensorOutcome::kAbsent;
  if (patient && slot.failures < kRefusals) return;
  slot.health.running = false;
  slot.driver.Restart(true);
  slot.retry_us = clock_.NowUs() + kRetryUs;
}

// Whoever was asked when the bus failed may be the one that holds it: it is brought up anew, and
// each time that that fails the bus again, it is left alone for twice as long, so that the others
// play.
void SensorArray::BlameForBus(Slot& slot) {
  ++stats_.bus_failures;
  bus_down_ = true;
  ++slot.strikes;
  slot.health.running = false;
  slot.driver.Restart(true);
  const int doublings = slot.strikes - 2 < kMostDoublings ? slot.strikes - 2 : kMostDoublings;
  slot.retry_us = clock_.NowUs() + (slot.strikes > 1 ? kBlameUs << doublings : kRetryUs);
}

void SensorArray::Fill(FieldFrame* frame, uint64_t heard_us) {
  frame->time_us = MidConversionUs();
  frame->sequence = stats_.frames - 1 + stats_.gaps;
  for (int i = 0; i < kSensors; ++i) {
    Slot& slot = slots_[i];
    if (slot.good) slot.health.last_good_us = slot.started_us;
    if (!slot.good) slot.flags |= kSensorLost;
    if (slot.frozen) slot.flags |= kSensorFrozen;
    if (slot.wrong) slot.flags |= kSensorWrong;
    frame->valid[i] = slot.weight.Update(slot.good, heard_us);
    frame->flags[i] = slot.flags;
    frame->temperature_c[i] = slot.driver.TemperatureC();
    for (int axis = 0; axis < kAxes; ++axis) {
      frame->counts[i][axis] = slot.counts[axis];
      frame->field_mt[i][axis] = slot.glide.shown()[axis];
    }
  }
}

// The middle between the first start and the last end of the conversions of this frame.
uint64_t SensorArray::MidConversionUs() {
  uint64_t first_us = UINT64_MAX;
  uint64_t last_start_us = 0;
  uint64_t last_us = 0;
  for (const Slot& slot : slots_) {
    if (!slot.started) continue;
    if (slot.started_us < first_us) first_us = slot.started_us;
    if (slot.started_us > last_start_us) last_start_us = slot.started_us;
    const uint64_t ended_us = slot.started_us + slot.driver.ConversionUs();
    if (ended_us > last_us) last_us = ended_us;
  }
  if (last_us == 0) return begun_us_;
  stats_.skew_us = static_cast<uint32_t>(last_start_us - first_us);
  return first_us + (last_us - first_us) / 2;
}

}  // namespace lodestone
