// The way from one scene to the next: how far its touch is on it. The graph does what there is to
// do (mapping/morph.py); knobs of a mapping that both scenes have travel along.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "firmware/instrument/parts.h"

namespace lodestone {

class Morph {
 public:
  // Where nothing but the knobs differs they do the walking, and the other's place gives way soon.
  static constexpr float kSoonS = 0.5f;

  // The other touch leads at first and gives way within `seconds`, once Go() has been called.
  // `same_mapping`: only knobs differ; `knobs` is where those of the other stand, by this one's
  // numbers. Threads: control, before the touch runs.
  void Set(float seconds, bool same_mapping, const float* knobs, uint32_t count) {
    seconds_ = seconds;
    lead_s_ = same_mapping ? std::min(seconds, kSoonS) : seconds;
    knobs_travel_ = same_mapping;
    std::copy(knobs, knobs + count, knobs_);
  }
  // Threads: control.
  void Go() { goes_.store(true, std::memory_order_release); }
  bool over() const { return over_.load(std::memory_order_acquire); }
  bool is_set() const { return seconds_ > 0.0f; }

  // One frame on. Threads: touch, as all below.
  void Advance(float dt_s) {
    if (seconds_ > 0.0f && goes_.load(std::memory_order_acquire)) gone_s_ += dt_s;
    if (gone_s_ >= seconds_) over_.store(true, std::memory_order_release);
  }
  // How much of the other's place still counts, 1 to 0.
  float share() const { return seconds_ > 0.0f ? std::max(1.0f - gone_s_ / lead_s_, 0.0f) : 0.0f; }
  // Where a knob that shall stand at `target` stands on the way.
  float Knob(uint32_t index, float target) const {
    if (!knobs_travel_ || gone_s_ >= seconds_) return target;
    return knobs_[index] + (target - knobs_[index]) * (gone_s_ / seconds_);
  }

 private:
  float seconds_ = 0.0f, lead_s_ = 0.0f, gone_s_ = 0.0f;
  bool knobs_travel_ = false;
  float knobs_[kMaxKnobs] = {};
  std::atomic<bool> goes_{false}, over_{false};
};

}  // namespace lodestone
