// The audio thread's part: takes the voice from the ring, the host from the input, and never waits
// or clicks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "firmware/instrument/equal_power_fade.h"
#include "firmware/instrument/mode.h"
#include "firmware/instrument/played.h"
#include "firmware/instrument/sample_ring.h"

namespace lodestone {

// Samples of the board's buffers, wherever they lie.
template <typename Sample>
struct AudioView {
  Sample* data;
  uint32_t channels;
  size_t frame_stride, channel_stride;
  Sample& at(uint32_t frame, uint32_t channel) const {
    return data[frame * frame_stride + channel * channel_stride];
  }
};

class Mixer {
 public:
  static constexpr uint32_t kPatch = 128;  // frames of the fades around an underrun

  Mixer(SampleRing* ring, Played* played);

  void SetFades(uint32_t mode_frames, uint32_t rescue_frames, uint32_t mute_frames);

  // Threads: control. `rescue`: the host has died, so the change is quick.
  void SetMode(Mode mode, bool rescue);
  void SetMute(bool mute) { mute_.store(mute, std::memory_order_relaxed); }

  // Fills every output channel. Threads: audio.
  void Render(const AudioView<const float>& in, const AudioView<float>& out, uint32_t frames);

  // Threads: any.
  uint32_t underruns() const { return played_->underruns.load(std::memory_order_relaxed); }
  // Output frame at which the first frame of the ring was played; valid once has_started().
  uint32_t started_at() const { return started_at_.load(std::memory_order_relaxed); }
  bool has_started() const { return has_started_.load(std::memory_order_acquire); }

 private:
  void TakeVoice(float* voice, uint32_t frames);
  void RunDry();
  void Patch(float* frame, bool there);

  SampleRing* ring_;
  Played* played_;
  std::atomic<int32_t> mode_;
  std::atomic<bool> rescue_, mute_;
  uint32_t mode_frames_, rescue_frames_, mute_frames_;
  EqualPowerFade mode_fade_, mute_fade_;

  float shape_[kPatch];                  // raised cosine, from 1 down
  float past_[kPatch * kRingChannels];   // the last frames that sounded, in a circle
  float patch_[kPatch * kRingChannels];  // the same backwards: what sounds while the ring is dry
  uint32_t past_at_;
  uint32_t patch_at_;  // kPatch: the patch is over
  uint32_t rise_at_;   // kPatch: the voice is fully back
  bool dry_;
  std::atomic<uint32_t> started_at_;
  std::atomic<bool> has_started_;
};

}  // namespace lodestone
