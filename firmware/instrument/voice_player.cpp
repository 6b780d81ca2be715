#include "firmware/instrument/voice_player.h"

#include <algorithm>

namespace lodestone {
namespace {

constexpr uint32_t kChunk = 256;  // frames mixed at a time

}  // namespace

VoicePlayer::VoicePlayer(SampleRing* ring, Played* played)
    : ring_(ring),
      played_(played),
      tap_(nullptr),
      rate_hz_(44100),
      filling_(false),
      filling_since_(0),
      carries_two_(true),
      wanted_(nullptr),
      playing_(nullptr),
      wanted_frames_(kSwapFrames),
      hurry_(false),
      underruns_(0),
      swap_(Swap::kNone),
      rung_(0),
      cause_(StepCause::kNone),
      load_(0.0f) {}

bool VoicePlayer::Step(uint32_t work_items) {
  if (!due()) return false;
  TakeWantedScene();
  KeepPace();
  if (current_.scene() == nullptr) return false;
  FollowLadder();
  bool worked = false;
  if (!Advance(&current_, work_items, &worked)) return worked;
  if (swap_ == Swap::kCrossfade && !Advance(&incoming_, work_items, &worked)) return worked;
  Deliver();
  return true;
}

// True when frames are ready. Taking latents is a step of its own, so that the first slice of a
// block counts as work.
bool VoicePlayer::Advance(VoiceStream* stream, uint32_t work_items, bool* worked) {
  const VoiceStream::Progress progress = stream->Advance(work_items, now(), ring_->written(), tap_);
  *worked = progress != VoiceStream::Progress::kIdle;
  if (progress == VoiceStream::Progress::kBegun) crew_.Post(&stream->voice(), now());
  if (progress == VoiceStream::Progress::kDone) ladder_.OnBlock(now(), FramesTaken(*stream));
  return progress == VoiceStream::Progress::kDone || progress == VoiceStream::Progress::kReady;
}

// Of the time that a block has, the voice thread's share or that of its slowest helper, whichever
// is larger: helpers have the whole length of a block.
uint32_t VoicePlayer::FramesTaken(const VoiceStream& stream) const {
  const uint32_t own = now() - stream.began();
  if (stream.holds() || stream.voice().info().helpers == 0) return own;
  const uint32_t block = stream.voice().info().block();
  const uint64_t helped = uint64_t{crew_.took(stream.voice().info().helpers)} *
                          std::min(block, prefill_.most()) / block;
  return std::max(own, static_cast<uint32_t>(helped));
}

// Notices a newly wanted scene that has latents; a swap that has begun is ended first.
void VoicePlayer::TakeWantedScene() {
  Scene* wanted = wanted_.load(std::memory_order_acquire);
  LatentFrame any;
  if (wanted == current_.scene() && ladder_.rung() == current_.rung()) filling_ = false;
  if (wanted == nullptr || swap_ != Swap::kNone || wanted == current_.scene() ||
      !wanted->latents.Read(&any))
    return;
  if (current_.scene() == nullptr) {
    current_ = VoiceStream::First(wanted);
    Begin(wanted);
    return;
  }
  if (!Filled()) return;
  incoming_ = VoiceStream(wanted, 0);
  swap_ = carries_two_ ? Swap::kCrossfade : Swap::kFadeOut;
  underruns_ = played_->underruns.load(std::memory_order_relaxed);
  fade_.JumpTo(0.0f);
  GoTo(wanted_frames_.load(std::memory_order_relaxed));
}

// Without two voices at once there are two fades, each half as long.
void VoicePlayer::GoTo(uint32_t frames) {
  fade_.GoTo(1.0f, swap_ == Swap::kCrossfade ? frames : std::max(frames / 2, kSwapFrames));
}

// A long way is cut short where another scene waits, and where this board turns out not to carry
// two voices for so long.
void VoicePlayer::KeepPace() {
  if (swap_ == Swap::kNone || swap_ == Swap::kRung) return;
  const uint32_t gone_dry = played_->underruns.load(std::memory_order_relaxed) - underruns_;
  if (hurry_.load(std::memory_order_relaxed) || gone_dry > kMostDry) GoTo(kSwapFrames);
}

// More is to be computed between two blocks than before: while scenes are swapped, or by a dearer
// voice. The ring is first filled as far as the player allows; a voice that does not get there
// within kFillS goes on all the same.
bool VoicePlayer::Filled() {
  if (!filling_) {
    filling_ = true;
    filling_since_ = now();
    prefill_.Rise();
  }
  const uint32_t most = prefill_.most(),
                 late = static_cast<uint32_t>(kFillS * static_cast<float>(rate_hz_));
  const bool ready =
      ring_->fill() + most / 8 >= most && !current_.running() && current_.left() == 0;
  if (!ready && now() - filling_since_ < late) return false;
  filling_ = false;
  return true;
}

// A block must be ready before the ring is empty: it has the prefill's time, and no longer than its
// own length.
void VoicePlayer::Begin(Scene* scene) {
  Ladder::Voice voices[Ladder::kMostVoices];
  const uint32_t count = std::min(scene->voices(), Ladder::kMostVoices);
  for (uint32_t v = 0; v < count; ++v) {
    const VoiceInfo& info = scene->voice_at(v).info();
    const uint32_t block = info.block();
    voices[v] = {info.macs_per_second, block, std::min(block, prefill_.most())};
  }
  ladder_.Begin(voices, count, now());
  rung_.store(0, std::memory_order_relaxed);
  cause_.store(StepCause::kNone, std::memory_order_relaxed);
  playing_.store(scene, std::memory_order_release);
}

// To another rung between two blocks, or in the middle of one that is stuck. What just sounded goes
// on, held, and fades while the other voice fades in: no moment needs two voices.
void VoicePlayer::FollowLadder() {
  const VoiceStream& busy = incoming_.late() ? incoming_ : current_;
  ladder_.OnProgress(now(), played_->underruns.load(std::memory_order_relaxed),
                     busy.late() ? now() - busy.began() : 0);
  // A fade is ended first, unless its voice is stuck: then nothing sounds, and nothing can jump.
  if (swap_ != Swap::kNone && !ladder_.stuck()) {
    if (swap_ != Swap::kRung) ladder_.SettleAgain(now());
    return;
  }
  if (swap_ == Swap::kCrossfade || swap_ == Swap::kFadeOut) {
    current_.Abandon();
    EndFade();
    return;
  }
  if ((current_.running() && !ladder_.down()) || current_.left() > 0) return;
  const uint32_t rung = ladder_.Next(now());
  if (rung == current_.rung()) return;
  if (rung < current_.rung() && !Filled()) {
    ladder_.SettleAgain(now());
    return;
  }
  prefill_.Rise();
  current_.Abandon();
  if (!held_.playing()) held_.Start();
  current_ = VoiceStream(current_.scene(), rung);
  cause_.store(ladder_.last_cause(), std::memory_order_relaxed);
  load_.store(ladder_.load(), std::memory_order_relaxed);
  rung_.store(rung, std::memory_order_release);
  swap_ = current_.holds() ? Swap::kNone : Swap::kRung;
  if (current_.holds()) return;
  fade_.JumpTo(0.0f);
  fade_.GoTo(1.0f, kSwapFrames);
}

// Mixes what is ready into the ring: all of it, or up to the end of a fade, where the rest may not
// be wanted.
void VoicePlayer::Deliver() {
  for (bool more = true; more;) {
    uint32_t frames = std::min(current_.left(), kChunk);
    if (swap_ == Swap::kCrossfade) frames = std::min(frames, incoming_.left());
    float mixed[kChunk * kRingChannels] = {};
    const uint32_t done = Mix(mixed, frames);
    ring_->Write(mixed, done);
    held_.Keep(mixed, done);
    more = done > 0;
    if (swap_ != Swap::kNone && !fade_.moving()) {
      EndFade();
      more = false;
    }
  }
  if (swap_ == Swap::kNone && !filling_) prefill_.Settle(now());
  prefill_.Look(now(), played_->underruns.load(std::memory_order_relaxed), played_->TakeSpare());
}

uint32_t VoicePlayer::Mix(float* mixed, uint32_t frames) {
  uint32_t i = 0;
  while (i < frames) {
    float* frame = mixed + i * kRingChannels;
    if (swap_ == Swap::kRung &&
        current_.fills()) {  // nothing to fade to yet: the held sound goes on
      held_.Next(frame);
      current_.Skip();
      ++i;
      continue;
    }
    float out = 1.0f, in = 0.0f;
    if (swap_ != Swap::kNone) fade_.Next(&out, &in);
    current_.AddFrame(swap_ == Swap::kFadeIn || swap_ == Swap::kRung ? in : out, &held_, frame);
    if (swap_ == Swap::kCrossfade) incoming_.AddFrame(in, &held_, frame);
    if (swap_ == Swap::kRung) {
      float kept[kRingChannels];
      held_.Next(kept);
      for (uint32_t c = 0; c < kRingChannels; ++c) frame[c] += out * kept[c];
    }
    ++i;
    if (swap_ != Swap::kNone && !fade_.moving()) break;
  }
  return i;
}

void VoicePlayer::EndFade() {
  if (held_.playing()) held_.Stop();
  if (swap_ == Swap::kFadeIn || swap_ == Swap::kRung) {
    swap_ = Swap::kNone;
    return;
  }
  const bool fade_in = swap_ == Swap::kFadeOut;
  current_ = incoming_;
  incoming_ = VoiceStream();
  Begin(current_.scene());
  swap_ = fade_in ? Swap::kFadeIn : Swap::kNone;
  if (fade_in) {
    fade_.JumpTo(0.0f);
    GoTo(wanted_frames_.load(std::memory_order_relaxed));
  }
}

RungReport VoicePlayer::rung() const {
  const uint32_t rung = rung_.load(std::memory_order_acquire);
  return {rung, cause_.load(std::memory_order_relaxed), load_.load(std::memory_order_relaxed)};
}

}  // namespace lodestone
