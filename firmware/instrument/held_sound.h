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

  HeldSound() : keeps_(0), back_(0), forwards_(false), playing_(false) {}

  // Remembers what is handed to the ring; what is being held stays as it is meanwhile.
  void Keep(const float* samples, uint32_t frames) {
    Past& past = pasts_[keeps_];
    for (uint32_t i = 0; i < frames; ++i) {
      float* to = &past.frames[past.end * kRingChannels];
      for (uint32_t c = 0; c < kRingChannels; ++c) to[c] = samples[i * kRingChannels + c];
      past.end = (past.end + 1) % kFrames;
    }
    past.kept = std::min(past.kept + frames, kFrames);
  }

  // Goes on with what sounded last, which may have been a held sound itself.
  void Start() {
    keeps_ = 1 - keeps_;
    pasts_[keeps_].kept = 0;
    playing_ = true;
    forwards_ = false;
    back_ = 0;
  }

  void Stop() { playing_ = false; }
  bool playing() const { return playing_; }

  // The next frame of a held sound; silence where nothing was kept.
  void Next(float* frame) {
    const Past& held = pasts_[1 - keeps_];
    if (held.kept > 1) Move(held.kept);
    const float* from =
        &held.frames[(held.end + 2 * kFrames - 1 - back_) % kFrames * kRingChannels];
    for (uint32_t c = 0; c < kRingChannels; ++c) frame[c] = held.kept > 0 ? from[c] : 0.0f;
  }

 private:
  struct Past {
    std::vector<float> frames = std::vector<float>(kFrames * kRingChannels, 0.0f);
    uint32_t end = 0, kept = 0;  // one past the newest frame; how many count
  };

  void Move(uint32_t kept) {
    if (forwards_ && back_ == 0) forwards_ = false;
    if (!forwards_ && back_ == kept - 1) forwards_ = true;
    back_ = forwards_ ? back_ - 1 : back_ + 1;
  }

  Past pasts_[2];   // what sounds now, and what is held
  uint32_t keeps_;  // which of them takes what sounds now
  uint32_t back_;   // frames before the newest of what is held
  bool forwards_, playing_;
};

}  // namespace lodestone
