// The four attractors of a page: fields that it computes, read as chips read them, with noise and
// in whole counts.
#pragma once

#include <cmath>
#include <cstdint>

#include "firmware/instrument/parts.h"

namespace lodestone {

class PageField : public FieldSource {
 public:
  // Millitesla in the board's axes, sensor by sensor; the page writes it at any time.
  float* field() { return field_; }
  // Of the four chips: °C, and how far each is trusted, 0..1.
  float* temperature() { return temperature_c_; }
  float* weight() { return weight_; }

  // What a chip does to a field: `noise_mt` is one standard deviation of each reading, `count_mt`
  // one count of each axis (0: not rounded). Noise begins anew.
  void SetChip(float noise_mt, const float* count_mt) {
    noise_mt_ = noise_mt;
    for (int a = 0; a < kAxes; ++a) count_mt_[a] = count_mt[a];
    random_ = 1;
  }
  void SetTime(uint64_t now_us) { now_us_ = now_us; }

  void Read(FieldFrame* frame) override {
    frame->time_us = now_us_;
    frame->sequence = sequence_++;
    for (int s = 0; s < kSensors; ++s) {
      for (int a = 0; a < kAxes; ++a) {
        const float there =
            field_[s * kAxes + a] + (noise_mt_ > 0.0f ? noise_mt_ * Normal() : 0.0f);
        const float step = count_mt_[a];
        const float counts = step > 0.0f ? std::floor(there / step) : 0.0f;
        frame->counts[s][a] = static_cast<int32_t>(counts);
        frame->field_mt[s][a] = step > 0.0f ? counts * step : there;
      }
      frame->temperature_c[s] = temperature_c_[s];
      frame->valid[s] = weight_[s];
      frame->flags[s] = 0;
    }
  }

 private:
  // Nearly normal: four uniform draws, each of variance 1/12, together scaled to variance 1.
  float Normal() {
    float sum = 0.0f;
    for (int i = 0; i < 4; ++i) {
      random_ = random_ * 1664525u + 1013904223u;
      sum += static_cast<float>(random_ >> 8) * (1.0f / 16777216.0f) - 0.5f;
    }
    return sum * 1.7320508f;
  }

  float field_[kSensors * kAxes] = {};
  float temperature_c_[kSensors] = {25.0f, 25.0f, 25.0f, 25.0f};
  float weight_[kSensors] = {1.0f, 1.0f, 1.0f, 1.0f};
  float noise_mt_ = 0.0f, count_mt_[kAxes] = {};
  uint32_t random_ = 1, sequence_ = 0;
  uint64_t now_us_ = 0;
};

}  // namespace lodestone
