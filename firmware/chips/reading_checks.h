// What one reading cannot tell but a row of readings can: frozen counts, and a single frame that is
// out of line.
//
// Each object belongs to one sensor and is called once a reading by the touch thread. Pure
// arithmetic.
#pragma once

#include <cstdint>

#include "firmware/chips/field_sensor.h"

namespace lodestone {

// A live magnetometer is never still: its noise moves some count within 50 readings.
class FreezeWatch {
 public:
  static constexpr int kReadings = 50;

  bool Moved(const SensorReading& reading) const {
    for (int axis = 0; axis < kAxes; ++axis) {
      if (reading.counts[axis] != counts_[axis]) return true;
    }
    return false;
  }

  // True when `reading` completes a row of kReadings equal ones. A chip whose every axis stands at
  // a rail is saturated, not frozen.
  bool Update(const SensorReading& reading) {
    bool equal = same_ > 0;
    for (int axis = 0; axis < kAxes; ++axis) equal = equal && reading.counts[axis] == counts_[axis];
    for (int axis = 0; axis < kAxes; ++axis) counts_[axis] = reading.counts[axis];
    constexpr uint32_t kAllRails = kSensorSaturatedX | kSensorSaturatedY | kSensorSaturatedZ;
    const bool railed = (reading.flags & kAllRails) == kAllRails;
    same_ = railed ? 0 : (equal ? same_ + 1 : 1);
    const bool frozen = same_ >= kReadings;
    if (frozen) same_ = 1;  // the next alarm comes a whole row later
    return frozen;
  }

 private:
  int same_ = 0;
  int32_t counts_[kAxes] = {0, 0, 0};
};

// Holds back one reading that lies far from the one before it, unless the next one confirms it: a
// bit that flipped on the way lasts one frame, a magnet longer. Costs one frame of delay on such a
// leap, none otherwise.
class OutlierGate {
 public:
  explicit OutlierGate(float limit_mt) : limit_mt_(limit_mt) {}

  void Clear() { seen_ = held_ = false; }

  // True where the reading may pass.
  bool Pass(const float field_mt[kAxes]) {
    const bool leap = seen_ && IsFar(field_mt, passed_);
    const bool confirmed = held_ && !IsFar(field_mt, doubted_);
    if (leap && !confirmed) {
      held_ = true;
      Copy(field_mt, doubted_);
      return false;
    }
    held_ = false;
    seen_ = true;
    Copy(field_mt, passed_);
    return true;
  }

 private:
  bool IsFar(const float a[kAxes], const float b[kAxes]) const {
    for (int axis = 0; axis < kAxes; ++axis) {
      const float step = a[axis] - b[axis];
      if (step > limit_mt_ || step < -limit_mt_) return true;
    }
    return false;
  }

  static void Copy(const float from[kAxes], float to[kAxes]) {
    for (int axis = 0; axis < kAxes; ++axis) to[axis] = from[axis];
  }

  const float limit_mt_;
  bool seen_ = false;
  bool held_ = false;
  float passed_[kAxes] = {0.0f, 0.0f, 0.0f};
  float doubted_[kAxes] = {0.0f, 0.0f, 0.0f};
};

}  // namespace lodestone
