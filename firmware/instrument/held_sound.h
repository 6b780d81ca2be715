// The last fifth of a second that was played, and a way to go on with it: backwards from its end,
// then forwards again, and so on. At both turns the signal stands still for an instant and never
// jumps. Threads: voice.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "firmware/instrument/sample_ring.h"

namespace lodestone {

class HeldSound {
 public:
  static constexpr uint32_t kFrames = 8192;  // 186 ms at 44.1 kHz

  HeldSound()
      : frames_(kFrames * kRingChannels, 0.0f),
        end_(0),
        kept_(0),
        back_(0),
        forwards_(false),
        playing_(false) {}

  // Remembers what is handed to the ring, unless it is playing itself.
  void Keep(const float* samples, uint32_t frames) {
    if (playing_) return;
    for (uint32_t i = 0; i < frames; ++i) {
      float* to = &frames_[end_ * kRingChannels];
      for (uint32_t c = 0; c < kRingChannels; ++c) to[c] = samples[i * kRingChannels + c];
      end_ = (end_ + 1) % kFrames;
    }
    kept_ = std::min(kept_ + frames, kFrames);
  }

  void Start() {
    playing_ = true;
    forwards_ = false;
    back_ = 0;
  }

  // What it remembers is old once another sound has been played meanwhile: it begins to collect
  // anew.
  void Stop() {
    playing_ = false;
    kept_ = 0;
  }
  bool playing() const { return playing_; }

  // The next frame of a held sound; silence where nothing was kept.
  void Next(float* frame) {
    if (kept_ > 1) Move();
    const float* from = &frames_[(end_ + 2 * kFrames - 1 - back_) % kFrames * kRingChannels];
    for (uint32_t c = 0; c < kRingChannels; ++c) frame[c] = kept_ > 0 ? from[c] : 0.0f;
  }

 private:
  void Move() {
    if (forwards_ && back_ == 0) forwards_ = false;
    if (!forwards_ && back_ == kept_ - 1) forwards_ = true;
    back_ = forwards_ ? back_ - 1 : back_ + 1;
  }

  std::vector<float> frames_;
  uint32_t end_, kept_;  // one past the newest frame; how many count
  uint32_t back_;        // frames before the newest
  bool forwards_, playing_;
};

}  // namespace lodestone
