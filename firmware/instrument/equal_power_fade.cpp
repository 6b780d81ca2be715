#include "firmware/instrument/equal_power_fade.h"

#include <cmath>

namespace lodestone {
namespace {

constexpr int kIntervals = 512;  // linear interpolation errs by (pi/2/512)^2 / 8 = 1.2e-6, -118 dB

// A quarter of a sine, so that the audio thread needs no library call.
struct QuarterSine {
  float value[kIntervals + 1];
  QuarterSine() {
    for (int i = 0; i <= kIntervals; ++i) {
      value[i] = static_cast<float>(std::sin(1.5707963267948966 * i / kIntervals));
    }
    value[0] = 0.0f;
    value[kIntervals] = 1.0f;
  }
  float At(float position) const {
    const float scaled = position * static_cast<float>(kIntervals);
    int i = static_cast<int>(scaled);
    if (i >= kIntervals) i = kIntervals - 1;
    const float part = scaled - static_cast<float>(i);
    return value[i] * (1.0f - part) + value[i + 1] * part;
  }
};

const QuarterSine kQuarter;

}  // namespace

EqualPowerFade::EqualPowerFade(float position)
    : position_(position), target_(position), step_(0.0f) {
  Gains();
}

void EqualPowerFade::GoTo(float target, uint32_t frames) {
  target_ = target;
  step_ = 1.0f / static_cast<float>(frames > 0 ? frames : 1);
}

void EqualPowerFade::JumpTo(float position) {
  position_ = target_ = position;
  Gains();
}

void EqualPowerFade::Next(float* first, float* second) {
  if (position_ != target_) {
    const float left = target_ - position_;
    if (left > step_) {
      position_ += step_;
    } else if (left < -step_) {
      position_ -= step_;
    } else {
      position_ = target_;
    }
    Gains();
  }
  *first = first_;
  *second = second_;
}

void EqualPowerFade::Gains() {
  first_ = kQuarter.At(1.0f - position_);
  second_ = kQuarter.At(position_);
}

}  // namespace lodestone
