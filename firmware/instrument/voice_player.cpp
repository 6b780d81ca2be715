#include "firmware/instrument/voice_player.h"

#include <algorithm>

namespace lodestone {
namespace {

constexpr uint32_t kChunk = 256;  // frames mixed at a time

// Sample `i` of a block for one ring channel: mono goes to both, of more than two channels the first two sound.
float SampleOf(const Voice& voice, uint32_t channel, uint32_t i) {
  const VoiceInfo& info = voice.info();
  const uint32_t from = info.channels > channel ? channel : 0;
  return voice.audio()[from * info.hop * info.frames + i];
}

}  // namespace

VoicePlayer::VoicePlayer(SampleRing* ring)
    : ring_(ring), tap_(nullptr), prefill_(0), carries_two_(true), wanted_(nullptr), playing_(nullptr), current_(),
      incoming_(), swap_(Swap::kNone) {}

bool VoicePlayer::Step(uint32_t work_items) {
  if (!due()) return false;
  Adopt();
  if (current_.scene == nullptr) return false;
  const Progress progress = Advance(&current_, work_items);
  if (progress != Progress::kReady) return progress == Progress::kWorking;
  if (swap_ == Swap::kCrossfade) {
    const Progress second = Advance(&incoming_, work_items);
    if (second != Progress::kReady) return second == Progress::kWorking;
  }
  Deliver();
  return true;
}

// Notices a newly wanted scene that has latents; a swap that has begun is ended first.
void VoicePlayer::Adopt() {
  Scene* wanted = wanted_.load(std::memory_order_acquire);
  LatentFrame any;
  if (wanted == nullptr || swap_ != Swap::kNone || wanted == current_.scene || !wanted->latents.Read(&any)) return;
  Stream fresh = Stream();
  fresh.scene = wanted;
  if (current_.scene == nullptr) {
    current_ = fresh;
    playing_.store(wanted, std::memory_order_release);
    return;
  }
  incoming_ = fresh;
  swap_ = carries_two_ ? Swap::kCrossfade : Swap::kFadeOut;
  fade_.JumpTo(0.0f);
  fade_.GoTo(1.0f, kSwapFrames);
}

VoicePlayer::Progress VoicePlayer::Advance(Stream* stream, uint32_t work_items) {
  if (stream->left > 0) return Progress::kReady;
  if (!stream->running && !Begin(stream)) return Progress::kIdle;
  if (!stream->scene->voice->Step(work_items)) return Progress::kWorking;
  const VoiceInfo& info = stream->scene->voice->info();
  stream->running = false;
  stream->at = 0;
  stream->left = info.hop * info.frames;
  return Progress::kReady;
}

// Takes the newest latents; where one call of the voice spans several frames they are reached on a straight line.
bool VoicePlayer::Begin(Stream* stream) {
  LatentFrame now;
  if (!stream->scene->latents.Read(&now)) return false;
  const VoiceInfo& info = stream->scene->voice->info();
  if (!stream->begun) stream->before = now;
  float* to = stream->scene->voice->latent();
  for (uint32_t z = 0; z < info.latents; ++z) {
    const float from = stream->before.values[z], step = now.values[z] - from;
    for (uint32_t t = 0; t + 1 < info.frames; ++t) {
      to[z * info.frames + t] = from + step * (static_cast<float>(t + 1) / static_cast<float>(info.frames));
    }
    to[z * info.frames + info.frames - 1] = now.values[z];
  }
  if (tap_ != nullptr) {
    tap_->OnLatents(*stream->scene, stream->scene->blocks, ring_->written(), to, info.latents * info.frames);
  }
  stream->before = now;
  stream->begun = true;
  ++stream->scene->blocks;
  stream->running = true;
  return true;
}

// Mixes what is ready into the ring: all of it, or up to the end of a fade, where the rest may not be wanted.
void VoicePlayer::Deliver() {
  for (bool more = true; more;) {
    uint32_t frames = std::min(current_.left, kChunk);
    if (swap_ == Swap::kCrossfade) frames = std::min(frames, incoming_.left);
    float mixed[kChunk * kRingChannels];
    const uint32_t done = Mix(mixed, frames);
    ring_->Write(mixed, done);
    current_.at += done;
    current_.left -= done;
    if (swap_ == Swap::kCrossfade) {
      incoming_.at += done;
      incoming_.left -= done;
    }
    more = done > 0;
    if (swap_ != Swap::kNone && !fade_.moving()) {
      EndFade();
      more = false;
    }
  }
}

uint32_t VoicePlayer::Mix(float* mixed, uint32_t frames) {
  uint32_t i = 0;
  while (i < frames) {
    float out = 1.0f, in = 0.0f;
    if (swap_ != Swap::kNone) fade_.Next(&out, &in);
    const float first = swap_ == Swap::kFadeIn ? in : out;
    for (uint32_t c = 0; c < kRingChannels; ++c) {
      float sum = first * SampleOf(*current_.scene->voice, c, current_.at + i);
      if (swap_ == Swap::kCrossfade) sum += in * SampleOf(*incoming_.scene->voice, c, incoming_.at + i);
      mixed[i * kRingChannels + c] = sum;
    }
    ++i;
    if (swap_ != Swap::kNone && !fade_.moving()) break;
  }
  return i;
}

void VoicePlayer::EndFade() {
  if (swap_ == Swap::kFadeIn) {
    swap_ = Swap::kNone;
    return;
  }
  const bool fade_in = swap_ == Swap::kFadeOut;
  current_ = incoming_;
  incoming_ = Stream();
  playing_.store(current_.scene, std::memory_order_release);
  swap_ = fade_in ? Swap::kFadeIn : Swap::kNone;
  if (fade_in) {
    fade_.JumpTo(0.0f);
    fade_.GoTo(1.0f, kSwapFrames);
  }
}

}  // namespace lodestone
