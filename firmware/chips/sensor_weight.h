// How much one sensor counts, and what it shows while it is lost: hold, fade, glide back.
//
// Each object belongs to one sensor and is called once a frame by the touch thread. Pure
// arithmetic.
#pragma once

#include <cstdint>

#include "firmware/chips/field_frame.h"

namespace lodestone {

constexpr uint64_t kHoldUs = 200000;     // a lost sensor keeps its whole weight for so long,
constexpr uint64_t kFadeUs = 1000000;    // then loses it over so long,
constexpr uint64_t kReturnUs = 300000;   // and has it again so long after it came back
constexpr uint64_t kSeamlessUs = 50000;  // a gap up to this needs no glide of the field

// The weight 0..1 of one sensor. Begins at 0.
class SensorWeight {
 public:
  float Update(bool good, uint64_t now_us) {
    const uint64_t elapsed = started_ ? now_us - updated_us_ : 0;
    started_ = true;
    updated_us_ = now_us;
    if (good) {
      last_good_us_ = now_us;
      value_ += Share(elapsed, kReturnUs);
      if (value_ > 1.0f) value_ = 1.0f;
      return value_;
    }
    const uint64_t age = now_us - last_good_us_;
    if (age <= kHoldUs) return value_;
    const uint64_t beyond = age - kHoldUs;
    value_ -= Share(elapsed < beyond ? elapsed : beyond, kFadeUs);
    if (value_ < 0.0f) value_ = 0.0f;
    return value_;
  }

  float value() const { return value_; }

 private:
  static float Share(uint64_t part_us, uint64_t whole_us) {
    return static_cast<float>(part_us) / static_cast<float>(whole_us);
  }

  bool started_ = false;
  float value_ = 0.0f;
  uint64_t updated_us_ = 0;
  uint64_t last_good_us_ = 0;
};

// The field of one sensor across a gap: the last good value is kept, and after a gap longer than
// kSeamlessUs it glides to the new one within kReturnUs instead of jumping. Readings that repeat
// the one before them are a gap too: a chip that freezes for a while comes back with a leap like
// one that was lost.
class FieldGlide {
 public:
  // `field_mt` comes in as just read and goes out as to be shown.
  void Good(uint64_t now_us, float field_mt[kAxes]) {
    bool fresh = !seen_;
    for (int axis = 0; axis < kAxes; ++axis) {
      fresh = fresh || field_mt[axis] != read_[axis];
      read_[axis] = field_mt[axis];
    }
    const bool returns = seen_ && fresh && now_us - last_fresh_us_ > kSeamlessUs;
    if (returns) {
      returned_us_ = now_us;
      for (int axis = 0; axis < kAxes; ++axis) offset_[axis] = shown_[axis] - field_mt[axis];
    }
    gliding_ = (gliding_ || returns) && now_us - returned_us_ < kReturnUs;
    if (gliding_) {
      const float left =
          1.0f - static_cast<float>(now_us - returned_us_) / static_cast<float>(kReturnUs);
      for (int axis = 0; axis < kAxes; ++axis) field_mt[axis] += offset_[axis] * left;
    }
    for (int axis = 0; axis < kAxes; ++axis) shown_[axis] = field_mt[axis];
    if (fresh) last_fresh_us_ = now_us;
    seen_ = true;
  }

  const float* shown() const { return shown_; }

 private:
  bool seen_ = false;
  bool gliding_ = false;
  uint64_t last_fresh_us_ = 0;
  uint64_t returned_us_ = 0;
  float read_[kAxes] = {0.0f, 0.0f, 0.0f};
  float shown_[kAxes] = {0.0f, 0.0f, 0.0f};
  float offset_[kAxes] = {0.0f, 0.0f, 0.0f};
};

}  // namespace lodestone
