#include "firmware/instrument/voice_stream.h"

namespace lodestone {
namespace {

constexpr uint32_t kHeldBlock = 512;  // frames that a held sound is good for at a time

}  // namespace

VoiceStream::Progress VoiceStream::Advance(uint32_t work_items, uint32_t now, int64_t ring_frame, VoiceTap* tap) {
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
  const bool unheard = unheard_ > 0 && !voice().sounds();
  if (unheard) --unheard_;
  left_ = unheard ? 0 : voice().info().block();
  return Progress::kDone;
}

// Where one call of the voice spans several frames the newest latents are reached on a straight line.
bool VoiceStream::Begin(uint32_t now_frame, int64_t ring_frame, VoiceTap* tap) {
  LatentFrame now;
  if (!scene_->latents.Read(&now)) return false;
  const VoiceInfo& info = voice().info();
  if (!begun_) before_ = now;
  float* to = voice().latent();
  for (uint32_t z = 0; z < info.latents; ++z) {
    const float from = before_.values[z], step = now.values[z] - from;
    for (uint32_t t = 0; t + 1 < info.frames; ++t) {
      to[z * info.frames + t] = from + step * (static_cast<float>(t + 1) / static_cast<float>(info.frames));
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
  } else {
    const VoiceInfo& info = voice().info();
    const float* audio = voice().audio() + at_;
    for (uint32_t c = 0; c < kRingChannels; ++c) frame[c] += gain * audio[(info.channels > c ? c : 0) * info.block()];
  }
  Skip();
}

}  // namespace lodestone
