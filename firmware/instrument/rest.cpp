#include "firmware/instrument/rest.h"

#include <algorithm>
#include <cmath>

namespace lodestone {

const char* RestResultText(RestResult result) {
  switch (result) {
    case RestResult::kNone: return "";
    case RestResult::kCapturing: return "rest: capturing";
    case RestResult::kTaken: return "rest: taken";
    case RestResult::kMoved: return "rest refused: the field moved, take the magnets away";
    case RestResult::kLost: return "rest refused: a sensor is missing";
    case RestResult::kNoReference: return "rest refused: the image tells no calibrated rest, build it again";
  }
  return "";
}

Rest::Rest() : asked_(false), result_(0), collected_(kFrames), sum_(), least_(), most_(), target_(), now_() {}

void Rest::Restore(const RestShift& shift) {
  target_ = shift;
  now_ = shift;
  result_.store(static_cast<int32_t>(RestResult::kTaken), std::memory_order_release);
}

void Rest::Apply(const FieldFrame& frame, const float (*reference_mt)[kAxes], float dt_s,
                 float (&field_mt)[kSensors][kAxes]) {
  if (asked_.exchange(false, std::memory_order_acq_rel)) {
    collected_ = 0;
    result_.store(static_cast<int32_t>(RestResult::kCapturing), std::memory_order_release);
  }
  if (collected_ < kFrames) Collect(frame, reference_mt);
  const float share = std::min(1.0f, dt_s / kGlideS);
  for (int s = 0; s < kSensors; ++s) {
    for (int a = 0; a < kAxes; ++a) {
      now_.mt[s][a] += share * (target_.mt[s][a] - now_.mt[s][a]);
      field_mt[s][a] = frame.field_mt[s][a] - now_.mt[s][a];
    }
  }
}

void Rest::Collect(const FieldFrame& frame, const float (*reference_mt)[kAxes]) {
  RestResult refused = reference_mt == nullptr ? RestResult::kNoReference : RestResult::kCapturing;
  for (int s = 0; s < kSensors; ++s) {
    if (frame.flags[s] & kSensorLost) refused = RestResult::kLost;
    for (int a = 0; a < kAxes; ++a) {
      const float field = frame.field_mt[s][a];
      const bool first = collected_ == 0;
      sum_[s][a] = first ? field : sum_[s][a] + field;
      least_[s][a] = first ? field : std::min(least_[s][a], field);
      most_[s][a] = first ? field : std::max(most_[s][a], field);
      if (most_[s][a] - least_[s][a] > kStillMt) refused = RestResult::kMoved;
    }
  }
  ++collected_;
  if (refused != RestResult::kCapturing) {
    collected_ = kFrames;
    result_.store(static_cast<int32_t>(refused), std::memory_order_release);
  } else if (collected_ == kFrames) {
    Conclude(reference_mt);
  }
}

void Rest::Conclude(const float (*reference_mt)[kAxes]) {
  for (int s = 0; s < kSensors; ++s) {
    for (int a = 0; a < kAxes; ++a) {
      target_.mt[s][a] = sum_[s][a] / static_cast<float>(kFrames) - reference_mt[s][a];
    }
  }
  result_.store(static_cast<int32_t>(RestResult::kTaken), std::memory_order_release);
}

}  // namespace lodestone
