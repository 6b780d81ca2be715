// The player's rest: the empty board, measured again on stage and taken off the field before the touch sees it.
#pragma once

#include <atomic>
#include <cstdint>

#include "firmware/chips/field_frame.h"

namespace lodestone {

// How far the field of the empty board has moved since calibration, per channel.
struct RestShift {
  float mt[kSensors][kAxes];
};

enum class RestResult : int32_t {
  kNone = 0,       // never asked
  kCapturing = 1,
  kTaken = 2,
  kMoved = 3,      // the field moved during the capture: a magnet was still in play
  kLost = 4,       // a sensor was missing
  kNoReference = 5 // the settings do not tell the calibrated rest
};

const char* RestResultText(RestResult result);

// Averages one second of field; glides to the new shift. Threads: touch, but for Ask, result and Restore (control).
class Rest {
 public:
  static constexpr uint32_t kFrames = 200;
  static constexpr float kGlideS = 0.25f;        // time constant towards a new shift
  static constexpr float kStillMt = 0.05f;       // spread allowed: ten times the noise of one reading

  Rest();
  void Ask() { asked_.store(true, std::memory_order_release); }
  RestResult result() const { return static_cast<RestResult>(result_.load(std::memory_order_acquire)); }

  // The shift that was taken last, for the state file. Valid while result() is kTaken.
  const RestShift& taken() const { return target_; }
  // Before the touch thread runs.
  void Restore(const RestShift& shift);

  // `reference_mt`: the calibrated rest, or null. Writes the field less the shift.
  void Apply(const FieldFrame& frame, const float (*reference_mt)[kAxes], float dt_s, float (&field_mt)[kSensors][kAxes]);

 private:
  void Collect(const FieldFrame& frame, const float (*reference_mt)[kAxes]);
  void Conclude(const float (*reference_mt)[kAxes]);

  std::atomic<bool> asked_;
  std::atomic<int32_t> result_;
  uint32_t collected_;  // kFrames: not capturing
  float sum_[kSensors][kAxes], least_[kSensors][kAxes], most_[kSensors][kAxes];
  RestShift target_, now_;
};

}  // namespace lodestone
