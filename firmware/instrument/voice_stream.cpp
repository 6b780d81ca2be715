#include "firmware/instrument/voice_stream.h"

#include <algorithm>

#include "firmware/engine/checked.h"

namespace lodestone {
namespace {

constexpr uint64_t kLongestWalkUs = 20000;  // after a gap of the sensors nobody waits longer

constexpr uint32_t kHeldBlock = 512;  // frames that a held sound is good for at a time

}  // namespace

VoiceStream::Progress VoiceStream::Advance(uint32_t work_items, uint32_t now, int64_t ring_frame,
                                           VoiceTap* tap) {
  if (left_ > 0) return Progress::kReady;
  if (holds()) {
    left_ = kHeldBlock;
    return Progress::kDone;
  }
  if (!running_ && !voice().ready()) {
    if (!waiting_) began_ = now;
    waiting_ = true;
    return Progress::kIdle;
  }
  if (!running_) return Begin(now, ring_frame, tap) ? Progress::kBegun : Progress::kIdle;
  if (!voice().Step(work_items)) return Progress::kWorking;
  running_ = false;
  at_ = 0;
  const VoiceInfo& info = voice().info();
  strange_ = !AreFinite(voice().audio(), size_t{info.channels} * info.block());
  if (strange_) voice().Reset();  // it would keep "no number" for good
  const bool unheard = unheard_ > 0 && !voice().sounds();
  if (unheard) --unheard_;
  left_ = unheard ? 0 : info.block();
  return Progress::kDone;
}

// Latents that come once in several blocks are reached within as many blocks as lie between the
// last two of them; where a block is as long as a sensor frame or longer, at once.
void VoiceStream::Approach(LatentFrame* now) {
  const VoiceInfo& info = voice().info();
  if (!begun_) before_ = *now;
  if (!begun_ || now->time_us != heard_us_) {
    const uint64_t between_us =
        begun_ ? std::min<uint64_t>(now->time_us - heard_us_, kLongestWalkUs) : 0;
    const uint64_t block_us = uint64_t{1000000} * info.hop * info.frames / info.sample_rate_hz;
    way_ = std::max<uint32_t>(
        1, static_cast<uint32_t>((between_us + block_us / 2) / std::max<uint64_t>(block_us, 1)));
    gone_ = 0;
    heard_us_ = now->time_us;
    from_ = before_;
  }
  if (gone_ < way_) ++gone_;
  if (gone_ == way_) return;
  const float share = static_cast<float>(gone_) / static_cast<float>(way_);
  for (uint32_t z = 0; z < info.latents; ++z)
    now->values[z] = from_.values[z] + share * (now->values[z] - from_.values[z]);
}

// Where one call of the voice spans several frames the newest latents are reached on a straight
// line.
bool VoiceStream::Begin(uint32_t now_frame, int64_t ring_frame, VoiceTap* tap) {
  LatentFrame now;
  if (!scene_->latents.Read(&now)) return false;
  const VoiceInfo& info = voice().info();
  Approach(&now);
  float* to = voice().latent();
  for (uint32_t z = 0; z < info.latents; ++z) {
    const float from = before_.values[z], step = now.values[z] - from;
    for (uint32_t t = 0; t + 1 < info.frames; ++t) {
      to[z * info.frames + t] =
          from + step * (static_cast<float>(t + 1) / static_cast<float>(info.frames));
    }
    to[z * info.frames + info.frames - 1] = now.values[z];
  }
  if (tap != nullptr && rung_ == 0) {
    const int64_t sounds_at = ring_frame + int64_t{info.helpers - unheard_} * info.block();
    tap->OnLatents(*scene_, scene_->blocks, sounds_at, now.time_us, to, info.latents * info.frames);
  }
  before_ = now;
  begun_ = true;
  running_ = true;
  began_ = now_frame;
  waiting_ = false;
  voice().Begin();
  if (rung_ == 0) ++scene_->blocks;
  return true;
}

void VoiceStream::Abandon() {
  if (running_) voice().Reset();
  running_ = waiting_ = false;
  left_ = 0;
}

void VoiceStream::AddFrame(float gain, HeldSound* held, float* frame) {
  if (holds()) {
    float kept[kRingChannels];
    held->Next(kept);
    for (uint32_t c = 0; c < kRingChannels; ++c) frame[c] += gain * kept[c];
  } else if (!strange_) {
    const VoiceInfo& info = voice().info();
    const float* audio = voice().audio() + at_;
    for (uint32_t c = 0; c < kRingChannels; ++c)
      frame[c] += gain * audio[(info.channels > c ? c : 0) * info.block()];
  }
  Skip();
}

}  // namespace lodestone
