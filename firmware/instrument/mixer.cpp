#include "firmware/instrument/mixer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lodestone {
namespace {

constexpr uint32_t kChunk = 256;

// A sample that is a number of a sane size, else silence: host audio and models may hold anything,
// and 0 times "no number" is none. By its bits, for -ffast-math takes every float to be finite.
float Sane(float sample) {
  constexpr uint32_t kMagnitude = 0x7FFFFFFFu,
                     kLoudest = 0x42800000u;  // 64, 36 dB above full scale
  uint32_t bits;
  std::memcpy(&bits, &sample, sizeof bits);
  return (bits & kMagnitude) < kLoudest ? sample : 0.0f;
}

}  // namespace

Mixer::Mixer(SampleRing* ring, Played* played)
    : ring_(ring),
      played_(played),
      mode_(0),
      rescue_(false),
      mute_(false),
      mode_frames_(13230),
      rescue_frames_(1323),
      mute_frames_(882),
      shape_(),
      past_(),
      patch_(),
      past_at_(0),
      patch_at_(kPatch),
      rise_at_(0),
      dry_(true),
      started_at_(0),
      has_started_(false) {
  for (uint32_t i = 0; i < kPatch; ++i) {
    shape_[i] = static_cast<float>(0.5 + 0.5 * std::cos(3.141592653589793 * i / kPatch));
  }
}

void Mixer::SetFades(uint32_t mode_frames, uint32_t rescue_frames, uint32_t mute_frames) {
  mode_frames_ = mode_frames;
  rescue_frames_ = rescue_frames;
  mute_frames_ = mute_frames;
}

void Mixer::SetMode(Mode mode, bool rescue) {
  rescue_.store(rescue, std::memory_order_relaxed);
  mode_.store(static_cast<int32_t>(mode), std::memory_order_release);
}

void Mixer::Render(const AudioView<const float>& in, const AudioView<float>& out, uint32_t frames) {
  const float position = FadePosition(static_cast<Mode>(mode_.load(std::memory_order_acquire)));
  if (position != mode_fade_.target()) {
    mode_fade_.GoTo(position,
                    rescue_.load(std::memory_order_relaxed) ? rescue_frames_ : mode_frames_);
  }
  mute_fade_.GoTo(mute_.load(std::memory_order_relaxed) ? 1.0f : 0.0f, mute_frames_);
  for (uint32_t begin = 0; begin < frames; begin += kChunk) {
    const uint32_t n = std::min(kChunk, frames - begin);
    float voice[kChunk * kRingChannels];
    TakeVoice(voice, n);
    for (uint32_t i = 0; i < n; ++i) {
      float board, host, loud, unused;
      mode_fade_.Next(&board, &host);
      mute_fade_.Next(&loud, &unused);
      for (uint32_t c = 0; c < out.channels; ++c) {
        float sum = 0.0f;
        if (c < kRingChannels) {
          sum = board * voice[i * kRingChannels + c];
          if (in.channels > 0) sum += host * Sane(in.at(begin + i, std::min(c, in.channels - 1)));
        }
        out.at(begin + i, c) = loud * Sane(sum);
      }
    }
  }
}

// `frames` of voice: from the ring, patched where the ring has run dry.
void Mixer::TakeVoice(float* voice, uint32_t frames) {
  const uint32_t there = ring_->Read(voice, frames);
  if (there > 0 && !has_started_.load(std::memory_order_relaxed)) {
    started_at_.store(played_->frames.load(std::memory_order_relaxed), std::memory_order_relaxed);
    has_started_.store(true, std::memory_order_release);
  }
  if (there > 0) dry_ = false;
  const uint32_t left = there < frames ? 0 : ring_->fill();
  if (left < played_->spare.load(std::memory_order_relaxed))
    played_->spare.store(left, std::memory_order_relaxed);
  for (uint32_t i = 0; i < frames; ++i) {
    if (i == there && !dry_) RunDry();
    float* frame = voice + i * kRingChannels;
    Patch(frame, i < there);
    for (uint32_t c = 0; c < kRingChannels; ++c) past_[past_at_ * kRingChannels + c] = frame[c];
    past_at_ = (past_at_ + 1) % kPatch;
  }
  played_->frames.store(played_->frames.load(std::memory_order_relaxed) + frames,
                        std::memory_order_release);
}

// The ring is empty in the middle of a sound: what just sounded is played backwards while it fades,
// so that neither the signal nor its slope's size jumps; the voice fades in again when it is back.
void Mixer::RunDry() {
  dry_ = true;
  rise_at_ = 0;
  patch_at_ = 0;
  played_->underruns.fetch_add(1, std::memory_order_relaxed);
  for (uint32_t i = 0; i < kPatch; ++i) {
    const uint32_t from = (past_at_ + kPatch - 1 - i) % kPatch;
    for (uint32_t c = 0; c < kRingChannels; ++c) {
      patch_[i * kRingChannels + c] = past_[from * kRingChannels + c] * shape_[i];
    }
  }
}

void Mixer::Patch(float* frame, bool there) {
  float rise = 1.0f;
  if (there && rise_at_ < kPatch) rise = 1.0f - shape_[rise_at_++];
  for (uint32_t c = 0; c < kRingChannels; ++c) {
    frame[c] = there ? frame[c] * rise : 0.0f;
    if (patch_at_ < kPatch) frame[c] += patch_[patch_at_ * kRingChannels + c];
  }
  if (patch_at_ < kPatch) ++patch_at_;
}

}  // namespace lodestone
